"""Fits a value that was read to an action's schema: unquoted words and JSON inside strings; invents nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.lenient import Bare, read_value

Schema = Mapping[str, Any]

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?")


def fit_arguments(read: Mapping[str, Any], schema: Schema | None) -> dict[str, Any]:
    """The fields of a call. An unquoted word is text where the schema takes text, a number where it takes a number.

    Args:
        read: fields as `shopbot.engines.react.lenient` reads them.
        schema: the action's JSON schema; None when it is not on offer.

    Raises:
        Unreadable: an unquoted word is no number where a number belongs.
    """
    root = schema or {}
    properties: Mapping[str, Any] = root.get("properties", {})
    return {name: _fit(value, properties.get(name, {}), root, name) for name, value in read.items()}


def types_of(schema: Schema, root: Schema) -> frozenset[str]:
    """The JSON types that a schema takes; empty when it does not say."""
    schema = _resolved(schema, root)
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return frozenset().union(*(types_of(option, root) for option in options))
    named = schema.get("type", ())
    return frozenset([named] if isinstance(named, str) else named)


def _fit(value: Any, schema: Schema, root: Schema, name: str) -> Any:
    types = types_of(schema, root)
    if isinstance(value, Bare):
        return _word(value.text, types, name)
    if isinstance(value, str) and types & {"object", "array"} and "string" not in types and value.lstrip()[:1] in "{[":
        value = _inside(value)
    if isinstance(value, dict):
        properties = _option(schema, root, "object").get("properties", {})
        return {key: _fit(item, properties.get(key, {}), root, key) for key, item in value.items()}
    if isinstance(value, list):
        items = _option(schema, root, "array").get("items", {})
        return [_fit(item, items, root, name) for item in value]
    return value


def _word(text: str, types: frozenset[str], name: str) -> Any:
    """An unquoted word or number as one of the types."""
    if "string" in types:
        return text
    if _NUMBER.fullmatch(text):
        number = float(text) if re.search(r"[.eE]", text) else int(text)
        if math.isfinite(number):
            return number
    if types & {"integer", "number"} or (not types and text[:1].isdigit()):
        raise Unreadable("no_number", text, field=name)
    return text


def _inside(text: str) -> Any:
    """The value that a string holds as JSON; the string itself when it holds more than that."""
    value, end = read_value(text)
    return text if text[end:].strip() else value


def _option(schema: Schema, root: Schema, kind: str) -> Schema:
    """The part of a schema that describes values of `kind`."""
    schema = _resolved(schema, root)
    for option in schema.get("anyOf") or schema.get("oneOf") or ():
        if kind in types_of(option, root):
            return _resolved(option, root)
    return schema


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema that a local reference names; pydantic nests none in each other."""
    reference = schema.get("$ref", "")
    if not reference.startswith("#/"):
        return schema
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}
