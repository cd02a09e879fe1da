"""The schema of an action as it is at this moment: what has to be grounded can only be one of its candidates.

Of a grounded argument every text and number, at any depth, becomes a list of the values that fit it; choices (enums,
booleans) stay. What has no value left falls away: an optional property, an entry of a list, at last the action.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shopbot.engines.llama.schemas import kind_of
from shopbot.engines.protocol import Candidates

DEEPEST = 4
"""How often a schema may refer to another on the way to a value."""
_NOTHING: dict[str, Any] = {"enum": []}


def grounded(parameters: Mapping[str, Any], candidates: Mapping[str, Candidates]) -> dict[str, Any] | None:
    """The arguments' schema with candidates for every argument that has them; None when no call is possible."""
    properties = dict(parameters.get("properties") or {})
    for name, found in candidates.items():
        if name in properties:
            properties[name] = _Narrowing(parameters, found).schema(properties[name])
    whole = _object({**parameters, "properties": properties})
    return None if _is_nothing(whole) else whole


class _Narrowing:
    """Narrows the schema of one argument."""

    def __init__(self, whole: Mapping[str, Any], candidates: Candidates) -> None:
        self._definitions: Mapping[str, Any] = whole.get("$defs") or {}
        self._candidates = candidates

    def schema(self, schema: Any, depth: int = 0) -> Any:
        """The schema with candidates in the place of free values."""
        if not isinstance(schema, Mapping) or "enum" in schema or "const" in schema:
            return schema
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            known = self._definitions.get(name)
            return (
                _NOTHING if known is None or depth >= DEEPEST else self.schema({**known, **_beside(schema)}, depth + 1)
            )
        for key in ("anyOf", "oneOf"):
            if key in schema:
                left = [one for option in schema[key] if not _is_nothing(one := self.schema(option, depth))]
                return {**schema, key: left} if left else _NOTHING
        return self._typed(schema, depth)

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        match schema.get("type") or kind_of(schema):
            case "object":
                properties = {name: self.schema(one, depth) for name, one in (schema.get("properties") or {}).items()}
                return _object({**schema, "properties": properties})
            case "array":
                return _array(schema, self.schema(schema.get("items", {}), depth))
            case "integer" | "number":
                return {"enum": [n for n in self._candidates["numbers"] if _is_within(n, schema)]}
            case "string":
                fitting = (text for text in self._texts(schema.get("format")) if _fits(text, schema))
                return {"enum": [*dict.fromkeys(fitting)]}
        return schema

    def _texts(self, form: str | None) -> Sequence[str]:
        found = self._candidates
        if form in ("email", "idn-email"):
            return found["addresses"]
        if form == "date":
            return found["dates"]
        return [*found["addresses"], *found["identifiers"], *found["dates"], *found["phrases"]]


def _object(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without the properties that have no value; nothing when one of those is required."""
    gone = {name for name, one in schema["properties"].items() if _is_nothing(one)}
    if gone & set(schema.get("required") or ()):
        return _NOTHING
    left = {name: one for name, one in schema["properties"].items() if name not in gone}
    return {**schema, "properties": left}


def _array(schema: Mapping[str, Any], item: Any) -> dict[str, Any]:
    if not _is_nothing(item):
        return {**schema, "items": item}
    return _NOTHING if schema.get("minItems") else {"type": "array", "maxItems": 0}


def _is_nothing(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("enum") == []


def _beside(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "$ref"}


def _is_within(number: int, schema: Mapping[str, Any]) -> bool:
    low, high = schema.get("minimum", number), schema.get("maximum", number)
    above, below = schema.get("exclusiveMinimum", number - 1), schema.get("exclusiveMaximum", number + 1)
    return bool(low <= number <= high and above < number < below)


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    sized = int(schema.get("minLength", 0)) <= len(text) <= int(schema.get("maxLength", len(text)))
    return sized and re.search(schema.get("pattern", ""), text) is not None
