"""Which argument schemas a provider can hold its decoding to ("strict" function calling).

Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas. One schema outside of that
subset makes OpenAI refuse the whole request, so only what is surely inside is marked; the gate checks all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_KNOWN = {"type", "title", "description", "properties", "required", "additionalProperties", "items", "enum", "const"}
_KNOWN |= {"anyOf", "$ref", "$defs"}


def mark_strict(tools: Iterable[dict[str, Any]]) -> None:
    """Mark those of OpenAI's function `tools` whose arguments can be decoded strictly."""
    for tool in tools:
        function = tool.get("function", {})
        if fits_strict(function.get("parameters", {})):
            function["strict"] = True


def fits_strict(schema: Mapping[str, Any]) -> bool:
    """Whether every object in the schema is closed, requires all it names, and uses known keywords only."""
    if not schema.keys() <= _KNOWN:
        return False
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and not (
        schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)
    ):
        return False
    parts = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        parts.append(schema["items"])
    return all(fits_strict(part) for part in parts)
