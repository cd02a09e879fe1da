"""What looks like a call: values and texts judged by the names of the actions and the keys of calls."""

from __future__ import annotations

from typing import Any

from shopbot.engines.dialects.marks import insides
from shopbot.engines.react.call_shapes import MOST_CALLS, Shaped
from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.lenient import Bare, as_written
from shopbot.engines.react.names import match_name
from shopbot.engines.react.words import keys


def unread(text: str, names: tuple[str, ...]) -> Shaped:
    """A complaint about a text as a whole."""
    return Shaped(first_named(text, names), None, text, Unreadable("unreadable", text.strip()))


def first_named(text: str, names: tuple[str, ...]) -> str:
    """The first action that a text names; empty when it names none."""
    found = insides(names).search(text)
    return (match_name(found.group(), names) or "") if found else ""


def is_call(value: Any, names: tuple[str, ...]) -> bool:
    """Whether an object has the shape of a call: an action under a key for names, or a name and arguments."""
    if isinstance(value, list):
        return any(is_call(item, names) for item in value)
    if not isinstance(value, dict):
        return False
    if any(is_call(value.get(key), names) for key in ("function", *keys("calls"), *keys("name"))):
        return True
    name = next((as_written(value[key]) for key in keys("name") if isinstance(value.get(key), str | Bare)), None)
    if name is None:
        return len(value) == 1 and next(iter(value)) in names
    return match_name(name, names) is not None or any(isinstance(value.get(key), dict) for key in keys("arguments"))


def most(shapes: list[Shaped]) -> list[Shaped]:
    """Each call once, and no more than a completion may have: a model that repeats itself writes thousands."""
    kept: list[Shaped] = []
    for shape in shapes:
        if not any((shape.name, shape.args, shape.complaint) == (k.name, k.args, k.complaint) for k in kept):
            kept.append(shape)
        if len(kept) == MOST_CALLS:
            break
    return kept
