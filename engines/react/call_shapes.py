"""Calls in shapes other than the protocol's: JSON objects, tags of other tool-calling formats, `name(arguments)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shopbot.engines.labels import keys, squash, words
from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.inputs import read_input, read_named, read_object
from shopbot.engines.react.lenient import Bare, as_written, read_value
from shopbot.engines.react.names import match_name

Actions = Mapping[str, Mapping[str, Any] | None]
"""Name of each known action -> its JSON schema; None for one that is not on offer."""

MOST_CALLS = 16
"""Calls that are read from one completion; a model that repeats itself writes thousands."""

_JSON_TAG = re.compile(r"<(?:tool_call|function_call|tool_use|toolcall)>\s*|\[TOOL_CALLS\]\s*|<\|python_tag\|>\s*")
_NAMED_TAG = re.compile(r"<function=[\"']?([\w.-]{1,100})[\"']?>|<invoke name=[\"']([\w.-]{1,100})[\"']>")
_PARAMETER = re.compile(r"<parameter(?:=|\s+name=)[\"']?([\w.-]{1,100})[\"']?>")
_CALL = re.compile(r"`{0,3}([A-Za-z_][\w.\\-]{0,100})[ \t]{0,2}([(\[{:])")


@dataclass(frozen=True)
class Shaped:
    """A call, its complaint, or a reply in such a shape; where it began in the text."""

    name: str = ""
    args: Mapping[str, Any] | None = None
    raw: str = ""
    complaint: Unreadable | None = None
    answer: str | None = None
    thought: str = ""


def find_tagged(text: str, actions: Actions) -> tuple[int, list[Shaped]] | None:
    """Calls between tags, and where the first begins; None when the text has no such tags."""
    named = _NAMED_TAG.search(text)
    if named:
        return _start(text, named.start()), list(islice(_by_name_tags(text, actions), MOST_CALLS))
    tag = _JSON_TAG.search(text)
    if not tag:
        return None
    found: list[Shaped] = []
    for inner in islice(_between(_JSON_TAG, text), MOST_CALLS):
        found += read_json_call(inner, actions) or ()
    return tag.start(), found


def read_json_call(text: str, actions: Actions) -> list[Shaped] | None:
    """The calls or the reply in JSON that begins the text; None when it begins with none."""
    text = text.lstrip()
    if text[:1] not in ("{", "["):
        return None
    try:
        value, _ = read_value(text)
    except Unreadable as complaint:
        return [Shaped(raw=text, complaint=complaint)]
    return read_json_value(value, actions) or None


def read_json_value(value: Any, actions: Actions) -> list[Shaped]:
    """The calls or the reply in JSON that has been read."""
    items = value if isinstance(value, list) else [value]
    return [shape for item in items[:MOST_CALLS] for shape in _from_json(item, actions)]


def read_call(text: str, actions: Actions) -> Shaped | None:
    """`name(arguments)`, `name[value]`, `name {…}` or `name: value`; None when no known action is named so."""
    found = _CALL.match(text.strip())
    name = match_name(found[1], actions) if found else None
    if not found or name is None:
        return None
    rest = text.strip()[found.end() :].rstrip("`").rstrip()
    schema = actions[name]
    try:
        if found[2] == "(":
            return Shaped(name, _parenthesised(rest, name, schema), text)
        if found[2] == "{":
            rest = "{" + rest
        elif found[2] == "[":
            rest = rest[: rest.rfind("]")] if "]" in rest else rest
        return Shaped(name, read_input(rest, name, schema), text)
    except Unreadable as complaint:
        return Shaped(name, None, text, complaint)


def is_reply(name: str, actions: Actions) -> bool:
    """Whether an action's name stands for a reply ("Final Answer", "finish"), and no action is called so."""
    return squash(name) in words("replies") and match_name(name, actions) is None


def answer_in(text: str) -> str:
    """The reply in the input of such an action, or in a Final Answer that was written as JSON."""
    stripped = text.strip()
    if stripped[:1] == "{":
        try:
            value, end = read_value(stripped)
        except Unreadable:
            return stripped
        said = [value[key] for key in keys("answer") if isinstance(value.get(key), str)]
        if len(value) == 1 and said and not stripped[end:].strip():
            return str(said[0])
    for opener, closer in ('""', "''", "“”"):
        inner = stripped[1:-1]
        if len(stripped) > 1 and stripped[0] == opener and stripped[-1] == closer and not {opener, closer} & {*inner}:
            return inner.strip()
    return stripped


def as_listed(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object whose keys for a name, for arguments and so on are spelled as they are listed."""
    listed = {squash(key): key for kind in ("name", "arguments", "answer", "thought", "calls") for key in keys(kind)}
    return {listed.get(squash(str(key)), key) if key not in listed else key: item for key, item in value.items()}


def _from_json(value: Any, actions: Actions) -> Iterator[Shaped]:
    if not isinstance(value, dict):
        return
    value = as_listed(value)
    thought = next((value[key] for key in keys("thought") if isinstance(value.get(key), str)), "")
    several = next((value[key] for key in keys("calls") if isinstance(value.get(key), list)), None)
    if several is not None:
        yield from (shape for item in several for shape in _from_json(item, actions))
        return
    value = next((value[key] for key in ("function", *keys("name")) if isinstance(value.get(key), dict)), value)
    name = next((as_written(value[key]) for key in keys("name") if isinstance(value.get(key), str | Bare)), None)
    given = next((value[key] for key in keys("arguments") if key in value), None)
    if name is not None:
        yield _named(name, _beside(value, name, actions) if given is None else given, thought, actions)
    elif len(value) == 1 and (only := match_name(next(iter(value)), actions)):
        yield _named(only, next(iter(value.values())), thought, actions)
    elif said := next((value[key] for key in keys("answer") if isinstance(value.get(key), str)), None):
        yield Shaped(answer=said, thought=thought)
    else:
        yield Shaped(raw=str(value), complaint=Unreadable("nameless"), thought=thought)


def _beside(value: Mapping[str, Any], name: str, actions: Actions) -> dict[str, Any] | None:
    """The arguments, when they stand beside the action's name instead of in an object of their own."""
    properties = (actions.get(match_name(name, actions) or "") or {}).get("properties", {})
    return {key: item for key, item in value.items() if key in properties} or None


def _named(written: str, given: Any, thought: str, actions: Actions) -> Shaped:
    if is_reply(written, actions):
        if isinstance(given, dict) and len(given) == 1:
            given = next(iter(given.values()))
        return Shaped(answer=answer_in(given) if isinstance(given, str) else str(given or ""), thought=thought)
    name = match_name(written, actions) or written
    try:
        return Shaped(name, read_object(given, name, actions.get(name)), str(given), thought=thought)
    except Unreadable as complaint:
        return Shaped(name, None, str(given), complaint, thought=thought)


def _by_name_tags(text: str, actions: Actions) -> Iterator[Shaped]:
    for opening, inner in zip(_NAMED_TAG.finditer(text), _between(_NAMED_TAG, text, closed=False), strict=True):
        written = opening[1] or opening[2]
        name = match_name(written, actions) or written
        names = [parameter[1] for parameter in _PARAMETER.finditer(inner)]
        raw = list(_between(_PARAMETER, inner, closed=False))
        parameters = {key: Bare(value.split("</", 1)[0].strip()) for key, value in zip(names, raw, strict=True)}
        try:
            if not all("</" in value for value in raw):
                raise Unreadable("truncated")
            args = read_object(parameters or inner.split("</", 1)[0], name, actions.get(name))
        except Unreadable as complaint:
            yield Shaped(name, None, inner, complaint)
        else:
            yield Shaped(name, args, inner)


def _between(opening: re.Pattern[str], text: str, *, closed: bool = True) -> Iterator[str]:
    """What stands behind each opening tag, up to the next one, or to the closing tag before that."""
    openings = list(opening.finditer(text))
    ends = [*(following.start() for following in openings), len(text)][1:]
    for found, end in zip(openings, ends, strict=True):
        inner = text[found.end() : end]
        yield inner.split("</", 1)[0] if closed else inner


def _parenthesised(rest: str, name: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """What stands between the brackets of `name(…)`; `rest` begins behind the opening one."""
    end = rest.rfind(")")
    if end < 0:
        raise Unreadable("truncated")
    inner = rest[:end].strip()
    properties = (schema or {}).get("properties", {})
    named = read_named(inner, properties)
    if named is not None:
        return read_object(named, name, schema)
    if len((schema or {}).get("required", properties)) > 1 and not inner.startswith("{") and inner:
        raise Unreadable("unnamed", fields=", ".join(properties))
    return read_input(inner, name, schema)


def _start(text: str, at: int) -> int:
    """Where the tags begin, with an outer <tool_call> or <function_calls>."""
    outer = re.search(r"<(?:tool_call|function_calls)>\s*\Z", text[:at])
    return outer.start() if outer else at
