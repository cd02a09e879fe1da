"""Calls that are known by their lines: a label and a name with arguments under it, a command, a call of a function
that nobody has. Code between backticks is words, but where its fence says that it is a call."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from shopbot.engines.dialects.looks import is_call, unread
from shopbot.engines.dialects.marks import either_spelt
from shopbot.engines.labels import label_pattern
from shopbot.engines.react.call_shapes import Actions, Shaped, read_call
from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.inputs import read_fields, read_input
from shopbot.engines.react.names import match_name
from shopbot.engines.reasoning_marks import kind_of

_IDENTIFIER = r"(?:[A-Za-z]\w{0,60}\.)*[A-Za-z][a-z0-9]{0,40}(?:_[A-Za-z0-9_]{1,60}|[A-Z]\w{0,60}|\.\w{1,60})"
"""A name that no sentence has: of parts, joined by an underscore, a capital or a dot."""
_LONE = re.compile(
    rf"^[ \t\[>*-]{{0,8}}(?:print\()?{_IDENTIFIER}\((?:\s*\)|\s*\w{{1,60}}\s*=|\s*[\"'{{\[]).*[)\]][ \t,;\])]{{0,4}}$",
    re.MULTILINE,
)
_FENCED = re.compile(r"(?:```|~~~)([\w-]*)[^\n]*\n(.*?)(?:```|~~~|\Z)", re.DOTALL)
_FIELD = re.compile(
    r"[ \t]{0,8}[\"*_`-]{0,4}[ \t]?([\w-]{1,60})[\"*_`]{0,4}[ \t]*[:=][*_]{0,3}[ \t]*([^{\[\n]*)(?:\n|\Z)"
)
_OPENS = re.compile(r"\s*(?:[\"*_` \w-]{1,60}[:=])?[*_`]*\s*(?:```\w*\s*)?[{\[]")
_CALLED = re.compile(r"[ \t]*[*_`]{0,4}([\w.-]{1,100})[ \t]?([(\[][^\n]*[)\]])[*_`.; \t]*(?:\n|\Z)")
_WRITTEN = re.compile(r"[ \t]*[*_`\"']{0,4}([\w.-]{1,100})[*_`\"']{0,4}[ \t]*(?:\n|\Z)")


def find_lines(text: str, actions: Actions) -> tuple[int, int, Shaped] | None:
    """The first such call in a text, where it begins and where it ends; None when there is none."""
    for label in label_pattern().finditer(text) if ":" in text or "：" in text else ():
        found = label["action"] and _labelled(text, label, actions)
        if found:
            return label.start(), *found
    names = tuple(actions)
    code = [(fence.span(), kind_of(fence[1]) == "call") for fence in _FENCED.finditer(text)] if "```" in text else []
    for lone in _lone(names).finditer(text):
        inside = next((is_call for (start, end), is_call in code if start <= lone.start() < end), True)
        written = lone.group()
        known = any(match_name(name, names) for name in re.findall(r"[\w.]+(?=\()", written))
        if inside and not known and not is_call(read_record(written), names):
            return lone.start(), lone.end(), Shaped(raw=written, complaint=Unreadable("unreadable", written.strip()))
    return None


def read_record(written: str) -> dict[str, Any] | None:
    """What stands between the brackets of `Call(name=…, arguments=…)`, its keys before equals signs."""
    begin, end = written.find("("), written.rfind(")")
    return read_fields(written[begin + 1 : end]) if 0 <= begin < end else None


@lru_cache(maxsize=64)
def _lone(names: tuple[str, ...]) -> re.Pattern[str]:
    commands = either_spelt(name for name in names if "_" in name)
    return re.compile(
        rf"{_LONE.pattern}|^[ \t$>/`]{{0,4}}(?:{commands})(?:[ \t]+(?:--?\w|\w+[=:]).*)?`?[ \t]*$", re.MULTILINE
    )


def _labelled(text: str, label: re.Match[str], actions: Actions) -> tuple[int, Shaped] | None:
    """A label for an action, its name and the fields under it or in brackets; None when what follows is no name."""
    called = _CALLED.match(text, label.end())
    if called and match_name(called[1], actions):
        raw = called[1] + called[2]
        return called.end(), read_call(raw, actions) or unread(raw, tuple(actions))
    written = _WRITTEN.match(text, label.end())
    if written is None or _OPENS.match(text, written.end()):
        return None
    name = match_name(written[1], actions)
    if name is None and not re.fullmatch(_IDENTIFIER, written[1]):
        return None
    at, fields = written.end(), []
    while field := _FIELD.match(text, at):
        fields += [f"{field[1]}: {field[2].strip()}"] if field[2].strip() else []
        at = field.end()
    raw = text[label.start() : at]
    try:
        if name is None:
            raise Unreadable("unreadable", raw.strip())
        return at, Shaped(name, read_input("\n".join(fields), name, actions[name]), raw)
    except Unreadable as complaint:
        return at, Shaped(name or written[1], None, raw, complaint)
