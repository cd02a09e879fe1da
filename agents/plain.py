"""What an action returned, as plain JSON values: a deed that is done is never lost over how it was reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shopbot.tools.action import Citation, Observation

_DEEPEST = 40
_LARGEST = 2**63


def as_observation(came: Any) -> Observation:
    """What an action returned, whatever it is: text is an observation that says no more, and so is the text of any
    other value; nothing is an observation that says nothing."""
    if not isinstance(came, Observation):
        return Observation(_readable("" if came is None else str(came)))
    return replace(
        came,
        text=_readable(str(came.text)),
        data=_plain(came.data or {}, ()),
        facts=_plain(came.facts or {}, ()),
        citations=tuple(Citation(*map(_readable, (c.key, c.source, c.text))) for c in came.citations),
        awaiting=None if came.awaiting is None else _readable(came.awaiting),
        answer=None if came.answer is None else _readable(came.answer),
        asks=None,
    )


def _plain(value: Any, within: tuple[int, ...]) -> Any:
    """`value` as JSON has it; `within` are the ids of what it stands in, so that a circle ends."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, str):
        return _readable(value)
    if id(value) in within or len(within) == _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {_readable(str(key)): _plain(inner, (*within, id(value))) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner, (*within, id(value))) for inner in value]
    return _readable(str(value))


def _readable(text: str) -> str:
    """`text` without halves of characters, which no file and no wire takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
