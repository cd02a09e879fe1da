"""Times of day that a text mentions, read as written: without am or pm on the 24-hour clock ("5:30" is never 17:30).

"17:30", "5:30 pm", "5pm", "5 p.m.", "17:30:15", "half past five", "quarter to six", "ten past five", "five
o'clock", "five thirty pm", "noon", "midnight".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from shopbot.agents.grounding.cardinals import CardinalReader, lexicon
from shopbot.agents.grounding.text import END, Token, at, glued_after, glued_before
from shopbot.prompts import load_data

_HOUR = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True)
class TimeMention:
    """A time of day and the places of its tokens."""

    value: time
    start: int
    end: int


def times_in(tokens: Sequence[Token], taken: frozenset[int] = frozenset()) -> list[TimeMention]:
    """All mentions of times of day, in order."""
    reader = _Reader(tokens)
    found: list[TimeMention] = []
    place = 0
    while place < len(tokens):
        mention = None if place in taken and tokens[place].text != "t" else reader.read(place)
        if mention:
            found.append(mention)
        place = mention.end if mention else place + 1
    return found


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._lexicon = lexicon()
        self._cardinals = CardinalReader(tokens, self._lexicon)
        self._words: Mapping[str, Any] = load_data("words/dates.yaml")
        self._openings = frozenset(
            (
                *(word for kind in ("noon", "midnight", "half", "quarter") for word in self._words[kind]),
                *self._lexicon.words["articles"],
                *self._lexicon.cardinal_words,
            )
        )
        """Words that a time can begin with."""

    def read(self, place: int) -> TimeMention | None:
        """The time that begins at `place`."""
        token = self._tokens[place]
        if not (token.is_number or token.text in self._openings):
            return None
        for word, hour in (("noon", 12), ("midnight", 0)):
            if token.text in self._words[word]:
                return TimeMention(time(hour), place, place + 1)
        return self._on_the_clock(place) or self._past_or_to(place) or self._whole_hour(place)

    def _on_the_clock(self, place: int) -> TimeMention | None:
        """H:MM or H:MM:SS, glued."""
        before = glued_before(self._tokens, place)
        parts, end = self._colon_parts(place)
        opens = not (before.is_number or before.is_word) or before.text == "t"
        if len(parts) not in (2, 3) or not opens or before.text in {":", "-", "/", "_"}:
            return None
        after = glued_after(self._tokens, end - 1)
        if after.text in {"/", "_", "%"} or (after.is_word and not self._half_of_day(end)[0] and after.text != "z"):
            return None
        if after.text == "-" and glued_after(self._tokens, end).is_word:  # "1:21-cv": a number of something
            return None
        return self._made(parts, place, end)

    def _colon_parts(self, place: int) -> tuple[list[int], int]:
        parts: list[int] = []
        end = place
        while (part := at(self._tokens, end)).is_number and _HOUR.fullmatch(part.text):
            parts.append(int(part.text))
            colon, behind = at(self._tokens, end + 1), at(self._tokens, end + 2)
            if len(parts) > 3 or (len(parts) > 1 and len(part.text) != 2):
                return [], place
            if not (colon.text == ":" and colon.glued and behind.glued and behind.is_number):
                return parts, end + 1
            end += 2
        return [], place

    def _past_or_to(self, place: int) -> TimeMention | None:
        """ "half past five", "quarter to six", "ten past five"."""
        start = place + self._lexicon.is_in("articles", self._tokens[place])
        word = at(self._tokens, start).text
        minutes = 30 if word in self._words["half"] else 15 if word in self._words["quarter"] else None
        behind = start + 1
        if minutes is None:
            minutes, behind = self._small(start) or (0, start)
        joint = at(self._tokens, behind).text
        hour = self._small(behind + 1)
        if hour is None or not 0 < minutes < 60 or not 0 < hour[0] < 13:
            return None
        if joint in self._words["past"]:
            return self._made([hour[0], minutes], place, hour[1])
        named = word in self._words["quarter"]
        if joint in self._words["to"] and named:
            return self._made([(hour[0] - 1) or 12, 60 - minutes], place, hour[1])
        return None

    def _whole_hour(self, place: int) -> TimeMention | None:
        """ "5pm", "five o'clock", "five thirty pm": only with a word that makes it a time."""
        hour = self._small(place)
        if hour is None or (glued_before(self._tokens, place) is not END and not self._opens(place)):
            return None
        if at(self._tokens, hour[1]).text in self._words["oclock"]:
            return self._made([hour[0]], place, hour[1] + 1)
        if self._half_of_day(hour[1])[0]:
            return self._made([hour[0]], place, hour[1])
        minutes = self._small(hour[1]) if self._tokens[place].is_word else None
        return (
            self._made([hour[0], minutes[0]], place, minutes[1])
            if minutes and self._half_of_day(minutes[1])[0]
            else None
        )

    def _opens(self, place: int) -> bool:
        return glued_before(self._tokens, place).text in {"(", '"', "'", "~"}

    def _small(self, place: int) -> tuple[int, int] | None:
        token = at(self._tokens, place)
        if token.is_number:
            return (int(token.text), place + 1) if _HOUR.fullmatch(token.text) else None
        read = self._cardinals.read(place) if token.text in self._lexicon.cardinal_words else None
        return read if read and read[0] < 60 else None

    def _half_of_day(self, place: int) -> tuple[str, int]:
        """ "am" or "pm" at `place` ("p.m." is three tokens), and the place behind it."""
        token = at(self._tokens, place)
        dotted = token.text + "".join(at(self._tokens, place + step).text for step in (1, 2))
        for half in ("am", "pm"):
            if token.text in self._words[half]:
                return half, place + 1
            if dotted in self._words[half] and at(self._tokens, place + 1).glued:
                return half, place + 3
        return "", place

    def _made(self, parts: Sequence[int], start: int, end: int) -> TimeMention | None:
        half, behind = self._half_of_day(end)
        hour, minute, second = [*parts, 0, 0][:3]
        if half and not 1 <= hour <= 12:
            return None
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        try:
            return TimeMention(time(hour, minute, second), start, behind if half else end)
        except ValueError:
            return None
