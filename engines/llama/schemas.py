"""Reading JSON schemas: the type that one means, two at once, and what the named formats look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORMATS = {
    "date": r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])",
    "time": r"([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ",
    "date-time": r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "email": r"[a-z0-9][a-z0-9_+-]{0,40}(\.[a-z0-9]{1,20})?@[a-z0-9]{1,40}\.[a-z]{2,10}",
    "ipv4": r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}",
    "uri": r"https://[a-z0-9]{1,40}\.[a-z]{2,10}(/[a-z0-9._-]{1,60})?",
}
"""Format -> a pattern whose every match is of the format."""


def kind_of(schema: Mapping[str, Any]) -> str:
    """The type that a schema without one must mean."""
    for kind, keys in {
        "object": ("properties", "required", "additionalProperties"),
        "array": ("items", "prefixItems"),
        "string": ("pattern", "minLength", "maxLength", "format"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }.items():
        if any(key in schema for key in keys):
            return kind
    return "any"


def merged(one: Any, other: Any) -> Any:
    """Both schemas at once."""
    if not isinstance(other, Mapping):
        return other if other is False else one
    properties = {**one.get("properties", {}), **other.get("properties", {})}
    required = sorted({*one.get("required", ()), *other.get("required", ())})
    return {
        **one,
        **other,
        **({"properties": properties} if properties else {}),
        **({"required": required} if required else {}),
    }
