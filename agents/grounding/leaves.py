"""Which leaves of a value need grounding, and as what: read from the annotation of the argument, where there is one.

Choices are not grounded: booleans, None, enums and literals (their schema admits no invention), nor what equals a
field's default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from shopbot.agents.grounding.kinds import FORMATS, Kind, kind_of_form, kind_of_type

_FIELDS_AT_MOST = 2_000


@dataclass(frozen=True)
class Leaf:
    """A value to be grounded, its kind, and the texts that stand beside it in the same object."""

    value: Any
    kind: Kind
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Schema:
    hint: Any = None
    kind: Kind | None = None
    patterned: bool = False
    beside: tuple[str, ...] = ()

    def of(self, hint: Any) -> _Schema:
        return _Schema(hint, beside=self.beside)


def leaves(value: Any, annotation: Any = None) -> Iterator[Leaf]:
    """The leaves of a value, at any depth, that need grounding.

    Args:
        value: plain JSON values or what the annotation says (dates, decimals, models, dataclasses).
        annotation: the argument's type, `Annotated` or a pydantic `FieldInfo` too; None when it is not known.
    """
    yield from _walk(value, _Schema(annotation))


def needs_grounding(annotation: Any) -> bool:
    """Whether a value of this type can hold a leaf that needs grounding: not for booleans, enums and literals."""
    hint = _plain(_Schema(annotation)).hint
    if hint in (None, type(None), bool) or get_origin(hint) is Literal or _is(hint, Enum):
        return hint is None
    if get_origin(hint) in (Union, UnionType, list, tuple, set, frozenset, dict, Mapping, Sequence):
        return any(needs_grounding(inner) for inner in get_args(hint) if inner is not Ellipsis)
    inner_hints = _hints(hint)
    return any(map(needs_grounding, inner_hints.values())) if inner_hints else True


def _walk(value: Any, schema: _Schema) -> Iterator[Leaf]:
    if value is None or isinstance(value, bool | Enum) or _is_default(value, schema.hint):
        return
    schema = _member(value, _plain(schema))
    if get_origin(schema.hint) is Literal or _is(schema.hint, Enum):
        return
    if isinstance(value, BaseModel):
        yield from _walk_fields({name: getattr(value, name) for name in type(value).model_fields}, _hints(type(value)))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _walk_fields({one.name: getattr(value, one.name) for one in fields(value)}, _hints(type(value)))
    elif isinstance(value, Mapping):
        yield from _walk_mapping(value, schema)
    elif isinstance(value, list | tuple | set | frozenset):
        for hint, inner in _items(value, schema.hint):
            yield from _walk(inner, schema.of(hint))
    else:
        yield Leaf(value, schema.kind or kind_of_form(value, patterned=schema.patterned), schema.beside)


def _walk_mapping(value: Mapping[Any, Any], schema: _Schema) -> Iterator[Leaf]:
    hints = _hints(schema.hint)
    if hints or get_origin(schema.hint) not in (dict, Mapping):
        yield from _walk_fields(value, hints)
        return
    key_hint, value_hint = get_args(schema.hint)
    for key, inner in value.items():
        yield from _walk(key, schema.of(key_hint))
        yield from _walk(inner, schema.of(value_hint))


def _walk_fields(values: Mapping[Any, Any], hints: Mapping[str, Any]) -> Iterator[Leaf]:
    beside = tuple(inner for inner in values.values() if isinstance(inner, str))
    for name, inner in values.items():
        yield from _walk(inner, _Schema(hints.get(name), beside=beside))


def _items(values: Any, hint: Any) -> Iterator[tuple[Any, Any]]:
    hints = get_args(hint)
    for place, inner in enumerate(values):
        positional = get_origin(hint) is tuple and Ellipsis not in hints and place < len(hints)
        yield (hints[place] if positional else hints[0] if hints else None), inner


_of_fields: dict[int, tuple[FieldInfo, _Schema]] = {}
"""What `_plain` makes of the fields of argument schemas, by the field's identity: they are few, and live on."""


def _plain(schema: _Schema) -> _Schema:
    """Without `Annotated` and `FieldInfo`; what they say of the kind is kept."""
    field = schema.hint
    if not isinstance(field, FieldInfo) or schema.kind or schema.patterned or schema.beside:
        return _unwrapped(schema)
    known = _of_fields.get(id(field))
    if known is None or known[0] is not field:
        if len(_of_fields) >= _FIELDS_AT_MOST:
            _of_fields.clear()
        known = _of_fields[id(field)] = (field, _unwrapped(schema))
    return known[1]


def _unwrapped(schema: _Schema) -> _Schema:
    while True:
        if isinstance(schema.hint, FieldInfo):
            extra = schema.hint.json_schema_extra
            stated = FORMATS.get(str(extra.get("format"))) if isinstance(extra, Mapping) else None
            schema = _marked(
                replace(schema, hint=schema.hint.annotation, kind=schema.kind or stated), schema.hint.metadata
            )
        elif get_origin(schema.hint) is Annotated:
            hint, *marks = get_args(schema.hint)
            schema = replace(schema, hint=hint)
            for mark in marks:
                schema = _plain(replace(schema, hint=_stating(mark, hint))) if isinstance(mark, FieldInfo) else schema
            schema = _marked(schema, marks)
        else:
            return replace(schema, kind=schema.kind or kind_of_type(schema.hint))


def _stating(mark: FieldInfo, hint: Any) -> FieldInfo:
    stating = FieldInfo(annotation=hint, json_schema_extra=mark.json_schema_extra)
    stating.metadata = mark.metadata
    return stating


def _marked(schema: _Schema, marks: Sequence[Any]) -> _Schema:
    return replace(schema, patterned=schema.patterned or any(getattr(mark, "pattern", None) for mark in marks))


def _member(value: Any, schema: _Schema) -> _Schema:
    """Of a union the member that the value belongs to."""
    if get_origin(schema.hint) not in (Union, UnionType):
        return schema
    members = [member for member in get_args(schema.hint) if member is not type(None)]
    fitting = [member for member in members if len(members) == 1 or _fits(value, member)]
    choices = [member for member in fitting if get_origin(_plain(_Schema(member)).hint) is Literal]
    found = choices or fitting or [None]
    return _plain(replace(schema, hint=str if isinstance(value, str) and str in found else found[0]))


def _fits(value: Any, hint: Any) -> bool:
    try:
        TypeAdapter(hint).validate_python(value)
    except ValidationError:
        return False
    return True


def _is_default(value: Any, hint: Any) -> bool:
    if not isinstance(hint, FieldInfo) or hint.is_required():
        return False
    default = hint.get_default(call_default_factory=True, validated_data={})
    return bool(type(default) is type(value) and default == value)


def _hints(hint: Any) -> Mapping[str, Any]:
    """The annotations of a model's, dataclass's or typed dictionary's fields; none for anything else."""
    if _is(hint, BaseModel):
        return dict(hint.model_fields)
    if isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "__total__")):
        return get_type_hints(hint, include_extras=True)
    return {}


def _is(hint: Any, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)
