"""Shifts of a date that a text mentions: "delay it by one day", "two days earlier", "the following day".

A shift says no day by itself; with a date that was said or observed it says the day so far before or behind that one.
Where the words leave open which way ("by one day", "moved back a day"), it is both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from shopbot.agents.grounding.cardinals import CardinalReader, lexicon
from shopbot.agents.grounding.text import Token, at
from shopbot.prompts import load_data

_MOST_WORDS = 4
"""Words in front of "days" that a count may take."""
_FARTHEST = 1_000
"""Days or weeks that somebody may shift a date by."""


def shifts_in(tokens: Sequence[Token]) -> frozenset[timedelta]:
    """All shifts, each as what has to be added to a date."""
    spans = load_data("words/dates.yaml")["spans"]
    return frozenset(
        timedelta(days=days) for place, token in enumerate(tokens) if token.text in spans for days in _at(tokens, place)
    )


def _at(tokens: Sequence[Token], place: int) -> Iterator[int]:
    """The days of the shift whose unit, "days" or "week", stands at `place`."""
    words = load_data("words/dates.yaml")
    before, behind, days = at(tokens, place - 1).text, at(tokens, place + 1).text, words["spans"][tokens[place].text]
    if days == 1 and before in words["neighbours"]:
        yield words["neighbours"][before]
    counted = CardinalReader(tokens, lexicon())
    for start in range(max(place - _MOST_WORDS, 0), place):
        read = counted.count(start)
        if read and read[1] == place:
            leads = at(tokens, start - 1).text in words["shifted_by"]
            ways = words["shifts"].get(behind, (1, -1) if leads else ())
            yield from (way * read[0] * days for way in ways if read[0] <= _FARTHEST)
            return
