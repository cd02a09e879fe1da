"""The arguments of a document loader, from the words of a command line to the types of its parameters.

A word is positional, or `name=value` for the parameter of that name; lists and mappings are written
as JSON, classes as MODULE:CLASS.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from shopbot.tools.retrieval.errors import RetrievalError

_KEYWORD = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def loader_arguments(loader: type[Any], given: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the keyword arguments that `given` says, in the types that the loader's parameters have.

    Raises:
        RetrievalError: an unknown argument, a missing one, or a value of another type.
    """
    keywords = {found[1]: found[2] for found in map(_KEYWORD.fullmatch, given) if found}
    positional = [each for each in given if not _KEYWORD.fullmatch(each)]
    signature = inspect.signature(loader)
    try:
        bound = signature.bind(*positional, **keywords)
    except TypeError as error:
        takes = ", ".join(str(each).partition(":")[0] for each in signature.parameters.values()) or "none"
        raise RetrievalError(f"{loader.__name__} refuses these arguments: {error}. It takes {takes}.") from None
    hints = _hints(loader)
    for name, text in bound.arguments.items():
        if isinstance(text, str):
            bound.arguments[name] = _value(text, hints.get(name, Any), loader, name)
    return list(bound.args), dict(bound.kwargs)


def absolute_words(loader: type[Any], given: Sequence[str]) -> list[str]:
    """The words with paths from the root, so that the same source can be read again from anywhere.

    A path is the first positional argument, or one for a parameter that takes paths, where it names what exists.
    """
    hints, words, positional = _hints(loader), [], 0
    for word in given:
        keyword = _KEYWORD.fullmatch(word)
        if keyword and _takes_path(hints.get(keyword[1])):
            word = f"{keyword[1]}={_absolute(keyword[2])}"
        elif not keyword:
            word = word if positional else _absolute(word)
            positional += 1
        words.append(word)
    return words


def _hints(loader: type[Any]) -> Mapping[str, Any]:
    try:
        return get_type_hints(loader.__init__)
    except (NameError, TypeError):  # names that are imported for type checkers only
        return {}


def _takes_path(hint: Any) -> bool:
    return any(isinstance(each, type) and issubclass(each, os.PathLike) for each in (hint, *get_args(hint)))


def _absolute(text: str) -> str:
    path = Path(text).expanduser()
    return str(path.absolute()) if text and path.exists() else text


def _value(text: str, hint: Any, loader: type[Any], name: str) -> Any:
    from pydantic import ConfigDict, ImportString, TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    wanted: TypeAdapter[Any]
    try:
        if any(get_origin(each) is type for each in (hint, *get_args(hint))):
            hint = ImportString
        wanted = TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a type that brings its own configuration
        wanted = TypeAdapter(hint)
    for validate in (wanted.validate_python, wanted.validate_json):
        with contextlib.suppress(ValidationError):
            return validate(text)
    raise RetrievalError(f"{loader.__name__} cannot take {text!r} as {name}: it is to be {_shown(hint)}.")


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
