"""A decision's context as what the encoder reads: two segments of text.

    after user turn 4 done: hello, ask name, query check x2
    user: Saturday at 7. agent: query check (name, day, start time). observation: unavailable. user: Then Sunday?

The first says who spoke last and what was done in the whole conversation, the second what was said of late, newest
last, so that cutting from the left loses the oldest. An agent's reply stands as the action that it carried out, which
is shorter than its words and the same in every wording. Nothing here knows what the agent is for. Standard library
only.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import ACTION_MARK

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_SEPARATE = re.compile(r"\s+")


@dataclass(frozen=True)
class Layout:
    """How much of what the encoder reads.

    Attributes:
        max_tokens: word pieces a context may take; the oldest are cut.
        words: of a message or an agent's remark.
        observation_words: of the newest observation; older ones keep a third.
        events: so many newest events are read at most.
    """

    max_tokens: int = 128
    words: int = 32
    observation_words: int = 36
    events: int = 14


@dataclass(frozen=True)
class Event:
    """One message, action or observation: who, the action's name where it is one, its arguments' names, the text."""

    speaker: str
    action: str = ""
    args: tuple[str, ...] = ()
    text: str = ""


def compose(context: Sequence[tuple[str, str]], templates: TfidfIndex, layout: Layout) -> tuple[str, str]:
    """The two segments of a context of (speaker, text)."""
    events = events_of(context, templates)
    return _summary(events), " ".join(_recent(events[-layout.events :], layout))


def plain(name: str) -> str:
    """A name as words: `ask_startTime` is "ask start time"."""
    return _CAMEL.sub(" ", name).lower()


def events_of(context: Sequence[tuple[str, str]], templates: TfidfIndex) -> list[Event]:
    """What was said and done in a context; a reply that is like a template stands for the template's action."""
    return [_event(speaker, text, templates) for speaker, text in context]


def _event(speaker: str, text: str, templates: TfidfIndex) -> Event:
    if speaker != "Agent":
        return Event(speaker, text=text)
    if text.startswith(ACTION_MARK):
        name, _, args = text.removeprefix(ACTION_MARK).strip().partition(" ")
        return Event(speaker, name, _names(args))
    nearest = templates.nearest(text)
    return Event(speaker, nearest[0] if nearest else "", text=text)


def _names(args: str) -> tuple[str, ...]:
    try:
        read = json.loads(args or "{}")
    except ValueError:
        return ()
    return tuple(read) if isinstance(read, dict) else ()


def _summary(events: Sequence[Event]) -> str:
    """The actions in the order in which each was last done, with how often, and the number of messages."""
    done = [event.action for event in events if event.action]
    counts = Counter(done)
    latest = list(dict.fromkeys(reversed(done)))[:14]
    listed = [plain(name) + (f" x{counts[name]}" if counts[name] > 1 else "") for name in reversed(latest)]
    turn = sum(event.speaker == "User" for event in events)
    newest = events[-1].speaker.lower() if events else "nothing"
    return f"after {newest} turn {turn} done: {', '.join(listed) or 'nothing'}"


def _recent(events: Sequence[Event], layout: Layout) -> Iterator[str]:
    newest = {event.speaker: index for index, event in enumerate(events)}
    for index, event in enumerate(events):
        is_newest = newest[event.speaker] == index
        if event.speaker == "User":
            yield f"user: {_cut(event.text, layout.words)}"
        elif event.speaker == "Observation":
            words = layout.observation_words if is_newest else layout.observation_words // 3
            yield f"observation: {_cut(flatten(event.text), words)}"
        else:
            yield f"agent: {_remark(event, is_newest, layout.words)}"


def _remark(event: Event, is_newest: bool, words: int) -> str:
    """The action's name; of the newest also its arguments or words, as of a remark that is no known action."""
    if not event.action:
        return _cut(event.text, words)
    if not is_newest:
        return plain(event.action)
    more = ", ".join(plain(name) for name in event.args) or _cut(event.text, words // 2)
    return f"{plain(event.action)} ({more})" if more else plain(event.action)


def flatten(observation: str) -> str:
    """An observation without JSON's punctuation; a list as its length and first entry, anything else as it is."""
    try:
        read = json.loads(observation)
    except ValueError:
        return observation
    if not isinstance(read, dict):
        return observation
    return "; ".join(f"{plain(str(name))} {_flat(value)}" for name, value in _by_length(read))


def _by_length(read: dict[str, Any]) -> list[tuple[str, Any]]:
    """Short values first: they tell outcomes apart, and what is long is cut."""
    return sorted(read.items(), key=lambda item: len(str(item[1])) > 80)


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries" + (f" {value[0]}" if value else "")
    return str(value)


def _cut(text: str, words: int) -> str:
    parts = _SEPARATE.split(text.strip())
    return " ".join(parts[:words])


def describe(name: str, description: str) -> str:
    """An action as the encoder reads it when contexts are matched with descriptions."""
    return f"{plain(name)}: {description}" if description else plain(name)
