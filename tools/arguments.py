"""The arguments of an action, read from the function that does it: their schema, and where each may come from.

An argument arrives as what its type says: a date as a date, an amount as a Decimal, a choice as its Enum, an object as
its model or dataclass. Between the gate and the function it is plain JSON, which `with_typed_arguments` reads back.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from shopbot.tools.contract_checks import ContractError
from shopbot.tools.sources import Derived, Source

_PLAIN = (str, int, float, bool, NoneType, Any)
_CONTAINERS = (list, dict, Sequence, Mapping, Union, UnionType)


@dataclass(frozen=True)
class Arguments:
    """`model`: the schema, extra fields forbidden, also as JSON schema. `derived`: the functions behind DERIVED."""

    model: type[BaseModel]
    sources: Mapping[str, Source]
    derived: Mapping[str, Derived]


def read_arguments(function: Callable[..., Any], scope: Mapping[str, Any]) -> Arguments:
    """The arguments of `function`, whose first parameter is the call; `scope` are the names that its types may use.

    Raises:
        ContractError: a parameter without a type.
    """
    hints = get_type_hints(function, localns=dict(scope), include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.name not in hints:
            raise ContractError(f"action {function.__name__!r}: parameter {parameter.name!r} has no type")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    model: type[BaseModel] = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    marks = {name: _source(hint) for name, (hint, _) in fields.items()}
    derived = {name: mark for name, mark in marks.items() if isinstance(mark, Derived)}
    return Arguments(model, {name: _kind(mark) for name, mark in marks.items()}, derived)


def with_typed_arguments(function: Callable[..., Any], model: type[BaseModel]) -> Callable[..., Any]:
    """`function`, given what the types of its parameters say where the gate has plain JSON."""
    if _has_plain_fields(model):
        return function

    @wraps(function)
    def run(call: Any, **args: Any) -> Any:
        return function(call, **as_typed(args, model))

    return run


def as_typed(args: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The arguments as what the fields of `model` say: a date as a date, a choice as its Enum."""
    if _has_plain_fields(model):
        return dict(args)
    values = model.model_validate(args)
    return {name: getattr(values, name) for name in args}


@lru_cache(maxsize=1024)
def _has_plain_fields(model: type[BaseModel]) -> bool:
    return all(_is_plain(field.annotation) for field in model.model_fields.values())


def _is_plain(hint: Any) -> bool:
    """Whether JSON has values of this type itself."""
    if get_origin(hint) is Annotated:
        return _is_plain(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return all(isinstance(choice, str | int | bool | NoneType) for choice in get_args(hint))
    if get_origin(hint) in _CONTAINERS:
        return all(map(_is_plain, get_args(hint)))
    return hint in (*_PLAIN, list, dict)


def _source(hint: Any) -> Source | Derived:
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, Source | Derived):
            return mark
    return Source.GIVEN


def _kind(mark: Source | Derived) -> Source:
    return Source.DERIVED if isinstance(mark, Derived) else mark
