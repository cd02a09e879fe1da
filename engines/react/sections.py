"""A completion as its labelled parts: Thought, Action, Action Input, Final Answer, whatever the model calls them.

What a model makes up itself, an observation or a customer's next message, ends the completion: it and all that follows
is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shopbot.engines.labels import ends_of_turn, inline_pattern, label_pattern

PROSE = "prose"
_MADE_UP = ("observation", "customer")
_TAGS = re.compile(r"<(/?)(thought|action|action_input|observation|final_answer)>", re.IGNORECASE)
_LABELS = {"thought": "Thought", "action": "Action", "action_input": "Action Input", "observation": "Observation",
           "final_answer": "Final Answer"}  # fmt: skip
_RESPONSE = re.compile(r"<(?:tool_response|function_response|function_results?|observation)\b", re.IGNORECASE)
FENCE = re.compile(r"(?:```|~~~)(?:[\w-]{0,20}[ \t]*\n|[\w-]{0,20}[ \t]+(?=[{\[]))?")
"""A language's name stands on the fence's own line, or before JSON on the same one."""


@dataclass(frozen=True)
class Section:
    """A labelled part, or prose before the first label."""

    kind: str
    text: str


def split_sections(completion: str) -> list[Section]:
    """The parts in order, without what was made up."""
    text = _as_labels(unfenced(_own_turn(completion)))
    parts = list(_honest(_split(text)))
    if any(part.kind in ("action", "answer", "say") for part in parts):
        return parts
    broken = _with_inline_label(text)
    return list(_honest(_split(broken))) if broken else parts


def unfenced(text: str) -> str:
    """The text without a code fence around the whole of it."""
    stripped = text.strip()
    if stripped.endswith("\n```") and stripped.count("```") == 1:
        return stripped[:-4]
    opening = FENCE.match(stripped)
    if not opening:
        return text
    inner = stripped[opening.end() :]
    mark = stripped[:3]
    end = inner.find(mark)
    if end < 0:
        return inner
    return inner[:end] if not inner[end + 3 :].strip() else text


def _own_turn(completion: str) -> str:
    text = re.sub(r"\r\n?", "\n", completion)
    if end := ends_of_turn().search(text):
        text = text[: end.start()] if text[: end.start()].strip() else text[end.end() :]
    if made_up := _RESPONSE.search(text):
        text = text[: made_up.start()]
    return text


def _as_labels(text: str) -> str:
    """Tags such as <action> as labels."""
    if not re.search(r"<(?:action|final_answer)>", text, re.IGNORECASE):
        return text
    return _TAGS.sub(lambda tag: "\n" if tag[1] else f"\n{_LABELS[tag[2].lower()]}: ", text)


def _split(text: str) -> Iterator[Section]:
    kind, start = PROSE, 0
    for found in label_pattern().finditer(text):
        label = str(next(name for name, value in found.groupdict().items() if value and name not in ("mark", "marked")))
        is_heading = found["marked"] is not None
        if is_heading and not re.search(r"[#*_:]", found["mark"] + found["marked"]) and label != "observation":
            continue
        if label == "input" and kind not in ("action", PROSE, "thought", "input"):
            continue
        yield Section(kind, text[start : found.start()].strip())
        kind, start = label, found.end()
    yield Section(kind, text[start:].strip())


def _honest(parts: Iterator[Section]) -> Iterator[Section]:
    for part in parts:
        if part.kind in _MADE_UP:
            return
        if part.text or part.kind != PROSE:
            yield part


def _with_inline_label(text: str) -> str | None:
    """The text with a line break before the first label that stands behind a sentence on its line, if one does."""
    found = inline_pattern("answer").search(text) or inline_pattern("action").search(text)
    if not found or text[found.start() - 1].isalnum() or text[found.start() - 1] in "\"'`":
        return None
    return f"{text[: found.start()]}\n{text[found.end() :]}"
