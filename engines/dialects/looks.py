"""What looks like a call: values and texts judged by the names of the actions and the keys of calls."""

from __future__ import annotations

from typing import Any

from shopbot.engines.dialects.marks import insides
from shopbot.engines.labels import keys
from shopbot.engines.react.call_shapes import MOST_CALLS, Shaped, as_listed
from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.lenient import Bare, as_written
from shopbot.engines.react.names import match_name
from shopbot.engines.reasoning_sections import heading_kind


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
    value = as_listed(value)
    if any(is_call(value.get(key), names) for key in ("function", *keys("calls"), *keys("name"))):
        return True
    named = [as_written(value[key]) for key in keys("name") if isinstance(value.get(key), str | Bare)]
    if any(match_name(name, names) for name in named):
        return True
    beside = any(isinstance(inner, str | Bare) for key, inner in value.items() if key not in keys("arguments"))
    if beside and any(_is_given(value.get(key)) for key in keys("arguments")):
        return True
    return (len(value) == 1 and next(iter(value)) in names) or _is_protocol(value)


def _is_protocol(value: dict[str, Any]) -> bool:
    """Whether an object has the keys of a call and none besides, whatever it calls: a "final_answer" too."""
    roles = [keys("name"), keys("arguments")]
    known = {key for kind in ("name", "arguments", "thought") for key in keys(kind)}
    return value.keys() <= known and all(any(key in value for key in role) for role in roles)


def _is_given(value: Any) -> bool:
    """Whether something are a call's arguments: an object, or one as text."""
    return isinstance(value, dict) or (isinstance(value, str) and value.lstrip()[:1] == "{")


def is_structured(value: Any) -> bool:
    """Whether an object has its reasoning under a key: an answer in a form of the model's own."""
    if not isinstance(value, dict):
        return False
    return any(heading_kind(str(key).replace("_", " ")) == "reasoning" for key in value)


def most(shapes: list[Shaped]) -> list[Shaped]:
    """Each call once, and no more than a completion may have: a model that repeats itself writes thousands."""
    kept: list[Shaped] = []
    for shape in shapes:
        if not any((shape.name, shape.args, shape.complaint) == (k.name, k.args, k.complaint) for k in kept):
            kept.append(shape)
        if len(kept) == MOST_CALLS:
            break
    return kept
