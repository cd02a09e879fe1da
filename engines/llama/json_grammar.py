"""A JSON schema as a grammar (GBNF, llama.cpp's grammars/README.md): what is decoded under it is valid JSON for it.

Every schema that pydantic writes is understood. Lists and free strings are bounded, so that decoding ends; of the
optional properties any may be left out, in the order of the schema. Not enforced, since no context-free grammar can:
`uniqueItems` beyond one element, `not`, `oneOf` as exclusive. The gate checks every argument afterwards all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shopbot.engines.llama.literals import literal, one_of, quoted
from shopbot.engines.llama.number_grammar import integer, number
from shopbot.engines.llama.pattern_grammar import UnsupportedPattern, pattern
from shopbot.engines.llama.schemas import FORMATS, kind_of, merged

LONGEST_STRING = 600
LONGEST_LIST = 8
DEEPEST = 3
"""How often a schema may hold itself."""

CHARACTER = r'char ::= [^"\\\x00-\x1F\x7F-\x9F\uD800-\uDFFF\uFFFE\uFFFF] | "\\" ["\\nt]'
_ANY: list[dict[str, Any]] = [{"type": kind} for kind in ("string", "number", "boolean", "null")]


class _TooDeep(Exception):
    """A schema holds itself once too often here; an optional place is left empty, any other passes this on."""


class JsonGrammar:
    """Collects the rules of one grammar; expressions refer to them by name."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}
        self._definitions: Mapping[str, Any] = {}
        self._open: list[str] = []

    @property
    def rules(self) -> str:
        """Every rule collected so far, one a line."""
        return "\n".join([*(f"{name} ::= {body}" for name, body in self._rules.items()), CHARACTER])

    def add(self, schema: Mapping[str, Any]) -> str:
        """The expression of the JSON values that are valid for `schema`, a whole schema with its `$defs`.

        Raises:
            ValueError: no value is valid for it, or it holds itself without an end.
        """
        self._definitions = schema
        try:
            return self._rule(schema)
        except _TooDeep:
            raise ValueError(f"the schema {schema.get('title', schema)!r} holds itself without an end") from None

    def _rule(self, schema: Any) -> str:
        """A name for the expression of `schema`: long expressions repeated in place would multiply."""
        return self._named(self._value(schema))

    def _named(self, body: str) -> str:
        for name, known in self._rules.items():
            if known == body:
                return name
        name = f"r{len(self._rules)}"
        self._rules[name] = body
        return name

    def _value(self, schema: Any) -> str:
        if schema is True or schema == {}:
            return self._either(_ANY)
        if schema is False:
            raise ValueError("a schema that is false has no value")
        if "$ref" in schema:
            return self._reference(schema)
        if "const" in schema:
            return literal(schema["const"])
        if "enum" in schema:
            return one_of([json.dumps(value, ensure_ascii=False) for value in schema["enum"]])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                rest = {name: value for name, value in schema.items() if name != key}
                return self._either([merged(rest, one) for one in schema[key]])
        if "allOf" in schema:
            rest = {name: value for name, value in schema.items() if name != "allOf"}
            whole: Any = rest
            for one in schema["allOf"]:
                whole = merged(whole, self._resolved(one))
            return self._value(whole)
        kind = schema.get("type") or kind_of(schema)
        if isinstance(kind, list):
            return self._either([{**schema, "type": one} for one in kind])
        return self._typed(str(kind), schema)

    def _typed(self, kind: str, schema: Mapping[str, Any]) -> str:
        match kind:
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string":
                return self._string(schema)
            case "integer":
                return integer(schema)
            case "number":
                return number(schema)
            case "boolean":
                return '"true" | "false"'
            case "null":
                return '"null"'
            case "any":
                return self._either(_ANY)
        raise ValueError(f"{kind!r} is no type of JSON schema")

    def _either(self, schemas: Sequence[Any]) -> str:
        found, too_deep = [], False
        for schema in schemas:
            try:
                found.append(self._rule(schema))
            except _TooDeep:
                too_deep = True
        if too_deep and not found:
            raise _TooDeep
        return " | ".join(dict.fromkeys(found))

    def _reference(self, schema: Mapping[str, Any]) -> str:
        reference = schema["$ref"]
        if self._open.count(reference) >= DEEPEST:
            raise _TooDeep
        self._open.append(reference)
        try:
            return self._value(self._resolved(schema))
        finally:
            self._open.pop()

    def _resolved(self, schema: Any) -> Any:
        """What a `$ref` within this schema stands for, with what is written beside it."""
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        reference = str(schema["$ref"])
        found: Any = self._definitions
        try:
            if not reference.startswith("#"):
                raise KeyError(reference)
            for step in [part for part in reference[1:].split("/") if part]:
                found = found[step.replace("~1", "/").replace("~0", "~")]
        except (KeyError, TypeError):
            raise ValueError(f"the schema refers to {reference!r}, which is not in it") from None
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        return merged(beside, found)

    def _object(self, schema: Mapping[str, Any]) -> str:
        properties: dict[str, Any] = dict(schema.get("properties") or {})
        required = set(schema.get("required") or ())
        properties |= dict.fromkeys(sorted(required - set(properties)), True)
        if not properties:
            return self._map(schema)
        # Two chains of rules, from the last property to the first: nothing written yet, or something already.
        bare, after = '""', '""'
        for name, value in reversed(properties.items()):
            try:
                pair = self._named(f"{literal(name)} {quoted(': ')} {self._rule(value)}")
            except _TooDeep:
                if name in required:
                    raise
                continue
            following = self._named(after)
            if name in required:
                bare, after = f"{pair} {following}", f"{quoted(', ')} {pair} {following}"
            else:
                bare, after = (
                    f"{pair} {following} | {self._named(bare)}",
                    f"({quoted(', ')} {pair})? {following}",
                )
        return f'"{{" {self._named(bare)} "}}"'

    def _map(self, schema: Mapping[str, Any]) -> str:
        inner = schema.get("additionalProperties", True)
        least = int(schema.get("minProperties", 0))
        most = min(int(schema.get("maxProperties", LONGEST_LIST)), max(least, LONGEST_LIST))
        try:
            value = None if inner is False or most == 0 else self._rule(inner)
        except _TooDeep:
            value = None
        if value is None:
            return '"{}"'
        key = self._named('"\\"" [A-Za-z] [A-Za-z0-9_]{0,30} "\\""')
        pair = self._named(f"{key} {quoted(': ')} {value}")
        return f'"{{" {self._several(pair, least, most)} "}}"'

    def _array(self, schema: Mapping[str, Any]) -> str:
        first = [self._rule(item) for item in schema.get("prefixItems", ())]
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", LONGEST_LIST + len(first)))
        most = max(least, min(most, LONGEST_LIST + len(first)))
        if schema.get("uniqueItems"):
            most = max(least, min(most, 1))
        rest = schema.get("items", not first)
        try:
            item = None if rest is False or most <= len(first) else self._rule(rest)
        except _TooDeep:
            if least > len(first):
                raise
            item = None
        if first:
            tail = f" ({quoted(', ')} {item}){{{max(0, least - len(first))},{most - len(first)}}}" if item else ""
            return '"[" ' + f" {quoted(', ')} ".join(first) + tail + ' "]"'
        return f'"[" {self._several(item, least, most)} "]"' if item else '"[]"'

    def _several(self, item: str, least: int, most: int) -> str:
        """`item` between `least` and `most` times, with commas."""
        more = self._named(f"{quoted(', ')} {item}")
        some = f"{item} {more}{{{max(0, least - 1)},{max(0, most - 1)}}}" if most > 1 else item
        return some if least else f"({some})?"

    def _string(self, schema: Mapping[str, Any]) -> str:
        source = schema.get("pattern") or FORMATS.get(schema.get("format", ""))
        if source:
            try:
                return f'"\\"" {pattern(source)} "\\""'
            except UnsupportedPattern:
                pass
        least = int(schema.get("minLength", 0))
        most = max(least, min(int(schema.get("maxLength", LONGEST_STRING)), LONGEST_STRING))
        return f'"\\"" char{{{least},{most}}} "\\""'
