"""A pydantic model of a JSON schema, as MCP servers and other tools without types describe their arguments.

Covers what argument schemas are made of: objects, arrays, numbers, texts, choices, unions, references and their limits.
What it does not know it takes as any value: the tool itself validates too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
    "object": dict[str, Any],
    "array": list[Any],
}
_LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "pattern": "pattern",
    "description": "description",
}
_DEEPEST = 20


def model_of_schema(name: str, schema: Mapping[str, Any]) -> type[BaseModel]:
    """The model whose values `schema` describes, extra fields forbidden; its JSON schema is `schema` again."""
    strict = {**schema, "type": "object", "additionalProperties": False}

    class Given(BaseModel):
        model_config = ConfigDict(extra="forbid")

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return strict

    model: type[BaseModel] = create_model(name, __base__=Given, **_fields(schema, schema, 0))
    return model


def left_out_when_none(schema: Mapping[str, Any]) -> frozenset[str]:
    """The fields that need not be sent and whose schema has no null: None in them means that they are not sent."""
    fields, required = schema.get("properties") or {}, schema.get("required") or ()
    return frozenset(name for name, field in fields.items() if name not in required and "default" not in field)


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    required = schema.get("required") or ()
    fields: dict[str, Any] = {}
    for name, described in (schema.get("properties") or {}).items():
        hint = _type(described, root, depth + 1)
        if name in required:
            fields[name] = (hint, ...)
        else:
            fields[name] = (hint | None, described.get("default"))
    return fields


def _type(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    schema = _resolved(schema, root)
    if depth > _DEEPEST:
        return Any
    if "const" in schema or "enum" in schema:
        return Literal[tuple(schema.get("enum") or [schema["const"]])]
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _union([_type(option, root, depth + 1) for option in options])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union([_type({**schema, "type": one}, root, depth + 1) for one in kind])
    return _limited(_plain(schema, kind, root, depth), schema)


def _plain(schema: Mapping[str, Any], kind: Any, root: Mapping[str, Any], depth: int) -> Any:
    if kind == "array" and "items" in schema:
        return list[_type(schema["items"], root, depth + 1)]  # type: ignore[misc]
    if kind == "object" and schema.get("properties"):
        fields = _fields(schema, root, depth)
        extra: Any = "forbid" if schema.get("additionalProperties") is False else "allow"
        return create_model(str(schema.get("title") or "Item"), __config__=ConfigDict(extra=extra), **fields)
    return _TYPES.get(str(kind), Any)


def _limited(hint: Any, schema: Mapping[str, Any]) -> Any:
    """The type with its limits; its format says what kind of text it is."""
    limits = {ours: schema[theirs] for theirs, ours in _LIMITS.items() if theirs in schema}
    if "format" in schema:
        limits["json_schema_extra"] = {"format": schema["format"]}
    return Annotated[hint, Field(**limits)] if limits and hint is not None else hint


def _union(options: list[Any]) -> Any:
    return Union[tuple(options)]  # noqa: UP007


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema, or the one that it refers to within `root`."""
    found, reference = schema, schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found = root
    for part in reference[2:].split("/"):
        found = found.get(part) or {}
    return found
