"""What plainly stands in a message although the reader missed it: a typed address, six digits, a product's own name.

Only what the conversation waits for, and only in the spelling in which nothing else is written; whatever else a message
does is left to the reader.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from shopbot.engines.protocol import Briefing
from shopbot.engines.shopbot.reader import Reading, Span
from shopbot.prompts import load_data
from shopbot.prompts.consent import Answer, read_answer

_ADDRESS = re.compile(r"[\w.%+'-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,-])#?\d{6}(?![\w-]|[.,]\d)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLOSE_SPELLING = 0.8
_SHORTEST = 4
_UNSURE = 0.5
"""The score of a value that the reader did not see: any that it saw goes before."""
_NAMING = frozenset(
    {"choose_items", "choose_everything", "add_items", "remove_items", "want_return", "nothing_more", "unclear"}
)


def with_plain_values(reading: Reading, message: str, briefing: Briefing) -> Reading:
    """The reading with what plainly stands in the message added to it."""
    turn_start = briefing["turn_start"]
    if turn_start["awaiting"] == "confirmation" and read_answer(message) is Answer.YES:
        # Whether it counts is for the gate to say.
        return replace(reading, performed=frozenset({"confirm"}))
    if "customer" not in turn_start["known"] and not _gives(reading, "give_email", "EMAIL"):
        reading = _with(reading, [*_found(_ADDRESS, message, "EMAIL")], "give_email")
    if turn_start["awaiting"] == "order_number" and not _gives(reading, "give_order_number", "ORDER"):
        reading = _with(reading, [*_found(_NUMBER, message, "ORDER")], "give_order_number")
    if turn_start["awaiting"] in ("items", "confirmation") and (_is_unsure(reading) or reading.performed <= _NAMING):
        lines = (briefing["facts"].get("order") or {}).get("items") or []
        reading = _with(reading, [*_names(message, reading, lines)], "choose_items")
    return reading


def _gives(reading: Reading, act: str, kind: str) -> bool:
    return reading.performs(act) and any(span.kind == kind for span in reading.spans)


def _with(reading: Reading, spans: Sequence[Span], act: str) -> Reading:
    if not spans:
        return reading
    performed = {act} if _is_unsure(reading) else (reading.performed - {"unclear"}) | {act}
    acts = {**reading.acts, act: max(reading.acts.get(act, 0.0), _UNSURE)}
    return replace(reading, acts=acts, spans=(*reading.spans, *spans), performed=frozenset(performed))


def _is_unsure(reading: Reading) -> bool:
    """Whether the reader merely guessed."""
    return all(reading.acts[act] < _UNSURE for act in reading.performed)


def _found(pattern: re.Pattern[str], message: str, kind: str) -> Iterator[Span]:
    """What fits the pattern, unless it stands there more than once."""
    found = [*pattern.finditer(message)]
    if len(found) == 1:
        yield Span(kind, found[0].group(), found[0].start(), found[0].end(), _UNSURE)


def _names(message: str, reading: Reading, lines: Sequence[dict[str, Any]]) -> Iterator[Span]:
    """Products of the order that the message names by the noun or by two words of the name."""
    words = [word for word in _WORD.finditer(message) if not _is_read(word, reading)]
    if not any(span.kind == "ITEM" for span in reading.spans) and _is_only_a_name(words, lines):
        yield Span("ITEM", message, 0, len(message), _UNSURE)
        return
    for line in lines:
        name = _content(re.split(r"[,(]", line["name"])[0])
        fitting = [word for word in words if _is_one_of(word.group(), name)]
        if len(fitting) > 1 or any(_is_one_of(word.group(), name[-1:]) for word in fitting):
            start, end = fitting[0].start(), fitting[-1].end()
            words = [word for word in words if word not in fitting]
            yield Span("ITEM", message[start:end], start, end, _UNSURE)


def _is_only_a_name(words: Sequence[re.Match[str]], lines: Sequence[dict[str, Any]]) -> bool:
    """Whether the message holds nothing but words of one product's name ("the blue")."""
    fillers = load_data("words/items.yaml")["fillers"]
    said = [word.group().casefold() for word in words if word.group().casefold() not in fillers]
    names = [set(_WORD.findall(line["name"].casefold())) for line in lines]
    return bool(said) and not all(map(str.isdecimal, said)) and any(set(said) <= name for name in names)


def _is_read(word: re.Match[str], reading: Reading) -> bool:
    return any(span.start < word.end() and word.start() < span.end for span in reading.spans)


def _content(name: str) -> list[str]:
    fillers = load_data("words/items.yaml")["fillers"]
    return [word for word in map(str.casefold, _WORD.findall(name)) if word not in fillers and len(word) >= _SHORTEST]


def _is_one_of(word: str, names: Sequence[str]) -> bool:
    word = word.casefold()
    if len(word) < _SHORTEST:
        return False
    similar = [name for name in names if name[0] == word[0]]
    return any(difflib.SequenceMatcher(None, word, name).ratio() >= _CLOSE_SPELLING for name in similar)
