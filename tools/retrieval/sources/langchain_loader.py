"""Any LangChain document loader as a source: `loader:MODULE:CLASS ARG…`, quoted as in a shell.

    loader:langchain_community.document_loaders:CSVLoader faq.csv source_column=url

An argument is positional, or `name=value` for a parameter of that name; values have the type of the parameter, lists
and mappings are written as JSON. A first argument and a parameter for a path may be relative to the working directory.

What a loader says of a document's `source` is what a citation shows, the rest of its metadata is to filter by. A loader
is code that runs here: a source of this kind is for the person who runs the command, never for a customer to name.

This is the one module that may import `langchain_community`, which upstream no longer maintains: importing it warns.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import inspect
import json
import re
import shlex
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from shopbot.errors import first_line
from shopbot.tools.retrieval.chunks import RECORD, heading_slug, record
from shopbot.tools.retrieval.documents import Document, Unreadable
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.sources.limits import Limits
from shopbot.tools.retrieval.sources.loader_arguments import absolute_words, loader_arguments

if TYPE_CHECKING:
    from langchain_core.document_loaders import BaseLoader
    from langchain_core.documents import Document as Loaded

PREFIX = "loader:"
_EXAMPLE = "langchain_community.document_loaders:TextLoader"
_PIP = re.compile(r"pip3? install (?:-[-\w]+ )*([^`'\"\n]*[^`'\"\n\s.])")
_LONGEST_MARK = 60
"""Characters of a metadata value that may tell the parts of a source apart in their keys."""


def loader_source(loader: str, arguments: Sequence[str]) -> str:
    """The name, as a source, of `MODULE:CLASS` with `arguments`."""
    return PREFIX + shlex.join([loader, *arguments])


def load_documents(named: str, limits: Limits) -> Iterator[Document | Unreadable]:
    """The documents that a loader gives, one for each `source` that it names; several parts of one are its sections.

    A loader that fails yields one `Unreadable`, and what was taken in from it before stays.
    """
    try:
        loader, *arguments = _words(named)
        loader_class = _import_loader(loader)
        words = absolute_words(loader_class, arguments)
        positional, keywords = loader_arguments(loader_class, words)
        loaded = _load(loader_class, positional, keywords, limits)
        by_source = _by_source(loaded, _folder_of(positional), f"{loader_class.__name__} {shlex.join(arguments)}")
        if not by_source:
            raise RetrievalError(f"{loader_class.__name__} found no document in {shlex.join(arguments) or 'it'}.")
    except RetrievalError as error:
        yield Unreadable(named, str(error))
        return
    for source, parts in by_source.items():
        yield _document(source, parts, loader_source(loader, words))


def _words(named: str) -> list[str]:
    try:
        return shlex.split(named.removeprefix(PREFIX)) or [""]
    except ValueError as error:
        raise RetrievalError(f"{named} is not quoted as in a shell: {first_line(error)}.") from None


def _import_loader(loader: str) -> type[BaseLoader]:
    from langchain_core.document_loaders import BaseLoader

    module_name, _, class_name = loader.partition(":")
    if not module_name or not class_name:
        raise RetrievalError(f"{loader!r} is no loader: write MODULE:CLASS, as in {_EXAMPLE}.")
    module = _import_module(module_name)
    try:
        found = getattr(module, class_name)
    except AttributeError:
        near = get_close_matches(class_name, [*getattr(module, "__all__", ()), *vars(module)], n=1)
        hint = f": did you mean {near[0]}?" if near else "."
        raise RetrievalError(f"There is no loader {class_name!r} in {module_name}{hint}") from None
    except ImportError as error:
        raise _missing_package(loader, error) from None
    if not (inspect.isclass(found) and issubclass(found, BaseLoader)):
        raise RetrievalError(f"{loader} is no document loader: it must derive from LangChain's BaseLoader.")
    return found


def _import_module(name: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`langchain-community` is being sunset", DeprecationWarning)
        try:
            return importlib.import_module(name)
        except ImportError as error:
            if name == error.name or name.startswith(f"{error.name}."):
                top = name.partition(".")[0]
                if importlib.util.find_spec(top):
                    raise RetrievalError(f"There is no module {name!r} to take a loader from.") from None
            raise _missing_package(name, error) from None


def _missing_package(who: str, error: ImportError) -> RetrievalError:
    """A sentence with the command that installs what `who` lacks: as the error has it, or by the module's name."""
    advised = _PIP.search(str(error))
    missing = advised[1] if advised else (error.name or "").partition(".")[0].replace("_", "-")
    if not missing:
        return RetrievalError(f"{who} cannot be imported: {first_line(error)}.")
    return RetrievalError(f"{who} needs a package that is not installed: pip install {missing}")


def _load(
    loader_class: type[BaseLoader], positional: Sequence[Any], keywords: Mapping[str, Any], limits: Limits
) -> list[Loaded]:
    name, size = loader_class.__name__, 0
    loaded: list[Loaded] = []
    try:
        # Some loaders print; standard output is the report's.
        with contextlib.redirect_stdout(sys.stderr):
            for document in loader_class(*positional, **keywords).lazy_load():
                size += len(document.page_content)
                if len(loaded) >= limits.rows or size > limits.unpacked_bytes:
                    raise RetrievalError(f"{name} gives more than {limits.rows:,} documents or {size:,} characters.")
                loaded.append(document)
    except RetrievalError:
        raise
    except ImportError as error:
        raise _missing_package(name, error) from None
    except Exception as error:  # whatever a loader does, the other sources must go on
        cause = f" ({first_line(error.__cause__)})" if error.__cause__ else ""
        raise RetrievalError(f"{name} failed: {first_line(error)}{cause}.") from None
    return loaded


def _folder_of(positional: Sequence[Any]) -> Path | None:
    """The folder in whose terms files are named in citations: the one above the file or folder that is loaded."""
    first = str(positional[0]) if positional else ""
    return Path(first).parent if first and Path(first).is_absolute() else None


def _by_source(loaded: Sequence[Loaded], folder: Path | None, unnamed: str) -> dict[str, list[Loaded]]:
    found: dict[str, list[Loaded]] = {}
    for document in loaded:
        source = str(document.metadata.get("source") or unnamed.strip())
        if folder and Path(source).is_relative_to(folder):
            source = Path(source).relative_to(folder).as_posix()
        found.setdefault(source, []).append(document)
    return found


def _document(source: str, parts: Sequence[Loaded], origin: str) -> Document:
    fields = [_fields(part) for part in parts]
    is_markdown = len(parts) == 1 and source.lower().endswith((".md", ".markdown"))
    if is_markdown:
        text = parts[0].page_content.replace("\x00", "")
    else:
        mark = _mark(fields)
        text = RECORD.join(
            record(
                _slug(mark, number, about) if len(parts) > 1 else "",
                str(about.get("title", "")),
                part.page_content,
                about,
            )
            for number, (part, about) in enumerate(zip(parts, fields, strict=True), 1)
        )
    return Document(
        name=source,
        source=source,
        digest=hashlib.sha256((text + json.dumps(fields)).encode("utf-8", "replace")).hexdigest(),
        read=lambda: text,
        origin=origin,
        form="markdown" if is_markdown else "records",
        metadata=fields[0] if is_markdown else {},
    )


def _fields(part: Loaded) -> dict[str, Any]:
    """The metadata of a part as JSON values, without its source, which its document has."""
    kept = {name: value for name, value in part.metadata.items() if name != "source"}
    fields: dict[str, Any] = json.loads(json.dumps(kept, default=str, skipkeys=True))
    return fields


def _mark(fields: Sequence[Mapping[str, Any]]) -> str | None:
    """The field whose value tells every part from the others, as a row's or a page's number; None if none does."""
    for name in fields[0] if len(fields) > 1 else ():
        values = [about.get(name) for about in fields]
        short = all(isinstance(value, str | int) and 0 < len(str(value)) <= _LONGEST_MARK for value in values)
        if short and len(set(values)) == len(values):
            return name
    return None


def _slug(mark: str | None, number: int, about: Mapping[str, Any]) -> str:
    return heading_slug(f"{mark} {about[mark]}" if mark else f"part {number}")
