"""The Action Input of an action -> the arguments of the call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shopbot.engines.labels import keys, squash, words
from shopbot.engines.react.complaints import Unreadable, fields_of
from shopbot.engines.react.fitting import Schema, fit_arguments, types_of
from shopbot.engines.react.lenient import Bare, Reader, read_value
from shopbot.engines.react.sections import FENCE, unfenced

_QUOTES = "\"'“”‘’«»„`"


def read_input(written: str | None, name: str, schema: Schema | None) -> dict[str, Any]:
    """The arguments in `written`, the text after "Action Input:"; None when there is no such text.

    Raises:
        Unreadable: not without a guess.
    """
    text = _bare(written or "")
    properties: Mapping[str, Any] = (schema or {}).get("properties", {})
    if _says_nothing(text):
        if (schema or {}).get("required"):
            raise Unreadable("missing_input", fields=fields_of(schema or {}))
        return {}
    if text[0] == "{" or _holds_an_object(text, properties):
        return _object(text, name, schema)
    if schema is not None and not properties:
        return {}
    named = read_named(text, properties)
    if named is not None:
        return fit_arguments(named, schema)
    return _single(text, schema)


def read_object(value: Any, name: str, schema: Schema | None) -> dict[str, Any]:
    """The arguments in a value that stands for an Action Input inside JSON.

    Raises:
        Unreadable: it does not fit the action.
    """
    if isinstance(value, str):
        return read_input(value, name, schema)
    if isinstance(value, dict):
        return fit_arguments(_unwrapped(value, name, schema), schema)
    if value is None:
        return read_input(None, name, schema)
    return _one_value(value, str(value.text if isinstance(value, Bare) else value), schema)


def read_named(text: str, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """Fields written as `a=1, b="x"` or one `a: value` a line; None when it is neither."""
    if not re.match(r"[\"']?(\w+)[\"']?\s*[=:：]", text):
        return None
    try:
        found = _arguments(Reader(text))
    except Unreadable:
        found = None
    if found is None:
        found = _lines(text, properties)
    return found if found and set(found) <= set(properties) else None


def read_fields(text: str) -> dict[str, Any] | None:
    """Fields written as `a=1, b="x"`; None when it is anything else."""
    try:
        return _arguments(Reader(text))
    except Unreadable:
        return None


def _arguments(reader: Reader) -> dict[str, Any] | None:
    """`a=1, b="x"` to the end of the text."""
    found: dict[str, Any] = {}
    while True:
        reader.skip()
        if not reader.here:
            return found
        start = reader.at
        name, value = reader.key(), reader.value()
        if found.setdefault(name, value) != value:
            raise Unreadable("twice", name)
        rest = re.compile(r"[ \t]*(?:,\s*|\n|\Z)").match(reader.text, reader.at)
        if rest is None or reader.at == start:
            return None
        reader.at = rest.end()


def _lines(text: str, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        key = re.match(r"[\"']?(\w+)[\"']?\s*[=:：]\s*", line)
        if key is None or key[1] not in properties or key[1] in found:
            return None
        rest = line[key.end() :].strip()
        if not rest or rest[0] in _QUOTES + "[{(":
            return None
        found[key[1]] = Bare(rest)
    return found


def _object(text: str, name: str, schema: Schema | None) -> dict[str, Any]:
    start = text.index("{")
    # Doubled braces are those of the prompt templates that models were shown.
    value, end = read_value(text, start + 1 if text.startswith("{{", start) else start)
    if re.match(r"[\s,;]*\{", text[end:]):
        raise Unreadable("several_inputs")
    return fit_arguments(_unwrapped(value, name, schema), schema)


def _unwrapped(value: dict[str, Any], name: str, schema: Schema | None) -> dict[str, Any]:
    """The arguments, when the whole call has been written as the input."""
    properties = (schema or {}).get("properties", {})
    if [*value] == [name] and name not in properties:
        return _as_object(value[name], value)
    named = next((key for key in keys("name") if key in value and key not in properties), None)
    given = next((key for key in keys("arguments") if key in value and key not in properties), None)
    return _as_object(value[given], value) if named and given and squash(str(value[named])) == squash(name) else value


def _as_object(inner: Any, otherwise: dict[str, Any]) -> dict[str, Any]:
    return inner if isinstance(inner, dict) else otherwise


def _single(text: str, schema: Schema | None) -> dict[str, Any]:
    """The value of an action that takes one, written as it is."""
    if schema is None:
        return {}
    paragraph = re.split(r"\n\s*\n", text)[0].strip()
    quoted = paragraph[0] in _QUOTES + "["
    value: Any = Bare(paragraph)
    if quoted:
        read, end = read_value(paragraph)
        value = read if not paragraph[end:].strip() else value
        if isinstance(value, str) and value.lstrip()[:1] == "{":
            return _object(value, "", schema)
    return _one_value(value, paragraph, schema)


def _one_value(value: Any, near: str, schema: Schema | None) -> dict[str, Any]:
    root = schema or {}
    properties: Mapping[str, Any] = root.get("properties", {})
    required = root.get("required") or list(properties)
    if len(required) != 1:
        raise Unreadable("not_an_object", near, fields=fields_of(root))
    name = required[0]
    types = types_of(properties[name], root)
    plain = isinstance(value, str | Bare) and types & {"string", "integer", "number", "boolean"} and "\n" not in near
    fits = plain or (isinstance(value, list) and "array" in types)
    if not fits or (isinstance(value, list) and "array" not in types):
        raise Unreadable("not_an_object", near, fields=fields_of(root))
    return fit_arguments({name: value}, root)


def _holds_an_object(text: str, properties: Mapping[str, Any]) -> bool:
    """Whether an object with the action's own fields stands behind some prose ("Here is the input: {…}")."""
    start = text.find("{")
    if start < 0 or text[0] in _QUOTES + "[":
        return False
    key = re.match(r"\{\s*[\"'“‘„«`]?([\w\\]+)", text[start:])
    return bool(key and key[1].replace("\\_", "_") in properties)


def _bare(text: str) -> str:
    """The text without fences and backticks around it."""
    text = text.strip()
    if text[:3] in ("```", "~~~"):
        fence = FENCE.match(text)
        inner = text[fence.end() if fence else 3 :]
        end = inner.find(text[:3])
        return (inner if end < 0 else inner[:end]).strip()
    if len(text) > 1 and text[0] == text[-1] == "`":
        return text[1:-1].strip()
    return unfenced(text).strip()


def _says_nothing(text: str) -> bool:
    plain = text.strip(_QUOTES + " .()")
    return not plain or (len(plain) < 40 and (squash(plain) or plain) in words("nothing"))
