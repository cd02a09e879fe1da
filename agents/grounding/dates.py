"""Dates that a text mentions.

"7 March 1980", "March 7th, 1980", "the seventh of March nineteen eighty", "7-Mar-1980", "1980-03-07", "1980/3/7",
"7.3.1980" (dots: the day comes first). "7/3/1980" and "7-3-1980" say two days and so none, unless only one of them
exists or the reader is told that the day (or the month) comes first. A year has four digits. "today", "tomorrow", "in
three days", "two weeks ago" say a day only to a reader who knows today's date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shopbot.agents.grounding.cardinals import CardinalReader, lexicon
from shopbot.agents.grounding.text import END, Token, at, glued_after, glued_before
from shopbot.prompts import load_data

_MARKS = frozenset("/-")
_FARTHEST = 10_000


@dataclass(frozen=True)
class DateMention:
    """A date and the places of its tokens."""

    value: date | None
    """None where the day is not certain: the tokens are a date all the same, and no numbers."""
    start: int
    end: int
    is_counted: bool = False
    """Counted from today ("in 3 days"): its numbers are numbers all the same."""


def dates_in(tokens: Sequence[Token], *, today: date | None = None, day_first: bool | None = None) -> list[DateMention]:
    """All mentions of dates, in order."""
    reader = _Reader(tokens, today, day_first)
    found: list[DateMention] = []
    place = 0
    while place < len(tokens):
        mention = reader.read(place)
        if mention:
            found.append(mention)
        place = mention.end if mention else place + 1
    return found


class _Reader:
    def __init__(self, tokens: Sequence[Token], today: date | None, day_first: bool | None) -> None:
        self._tokens = tokens
        self._today = today
        self._day_first = day_first
        self._lexicon = lexicon()
        self._cardinals = CardinalReader(tokens, self._lexicon)
        self._words: Mapping[str, Any] = load_data("words/dates.yaml")
        self._relatives = sorted((word.split() for word in self._words["relative"]), key=len, reverse=True)
        self._openings = frozenset(
            (
                *self._words["months"],
                *self._words["ordinals"],
                *self._words["ahead"],
                *(words[0] for words in self._relatives),
                *self._lexicon.words["articles"],
                *self._lexicon.cardinal_words,
            )
        )
        """Words that a date can begin with."""

    def read(self, place: int) -> DateMention | None:
        """The date that begins at `place`."""
        token = self._tokens[place]
        if not (token.raw[:1].isdecimal() or token.text in self._openings):
            return None
        return self._in_digits(place) or self._with_month(place) or self._relative(place)

    def _in_digits(self, place: int) -> DateMention | None:
        token = self._tokens[place]
        if not token.is_number or (glued_before(self._tokens, place) is not END and not _opens(self._tokens, place)):
            return None
        if token.text.count(".") == 2:
            parts, end = token.text.split("."), place + 1
        else:
            parts, end = self._marked(place)
        if len(parts) != 3 or not all(part.isdecimal() for part in parts) or not self._ends(end - 1):
            return None
        lengths = [len(part) for part in parts]
        if lengths[0] == 4 and max(lengths[1:]) <= 2:
            return DateMention(_day(parts[0], parts[1], parts[2]), place, end)
        if lengths[2] == 4 and max(lengths[:2]) <= 2:
            day_first = True if token.text.count(".") == 2 else self._day_first
            return DateMention(_one_day(parts, day_first), place, end)
        return None

    def _marked(self, place: int) -> tuple[list[str], int]:
        """Three glued numbers with the same mark between them."""
        five = [at(self._tokens, place + step) for step in range(5)]
        marks = {five[1].text, five[3].text}
        if len(marks) != 1 or not marks <= _MARKS or not all(token.glued for token in five[1:]):
            return [], place
        return [token.text for token in five[::2]], place + 5

    def _ends(self, last: int) -> bool:
        after = glued_after(self._tokens, last)
        further = glued_after(self._tokens, last + 1) if after is not END else END
        if after.text == "t":
            return further.is_number
        return not (after.is_word or after.is_number) and (after.text not in {"/", "-", "_", ":"} or further is END)

    def _with_month(self, place: int) -> DateMention | None:
        """A month's name with a day before or behind it and a year."""
        day_before = self._day(place)
        start = self._skip(day_before[1]) if day_before else place
        month = self._words["months"].get(at(self._tokens, start).text)
        if month is None:
            return None
        day = day_before or self._day(self._skip(start + 1))
        if day is None:
            return None
        end = start + 1 if day_before else day[1]
        year = self._year(self._skip(end))
        if year is None:
            return self._nearest(month, day[0], place, end)
        return DateMention(_day(year[0], month, day[0]), place, year[1])

    def _nearest(self, month: int, day: int, start: int, end: int) -> DateMention | None:
        """Of a date without its year, the one nearest to today: a purchase lies behind, a stay ahead."""
        if self._today is None:
            return None
        today = self._today
        days = filter(None, (_day(today.year + years, month, day) for years in (-1, 0, 1)))
        return DateMention(min(days, key=lambda one: abs(one - today), default=None), start, end, is_counted=True)

    def _skip(self, place: int) -> int:
        """Past what stands between the parts of a date: "of", "the", a comma, a full stop or hyphen without a blank."""
        while (token := at(self._tokens, place)) is not END and (
            token.text in self._words["of"] or token.text == "," or (token.text in {".", "-"} and token.glued)
        ):
            place += 1
        return place

    def _day(self, place: int) -> tuple[int, int] | None:
        """A day of the month, in digits or in words, and the place behind it."""
        token = at(self._tokens, place)
        if token.raw.isdecimal() and len(token.text) <= 2:
            ending = glued_after(self._tokens, place)
            return int(token.text), place + 1 + (ending.text in self._words["ordinal_endings"])
        ordinals, tens = self._words["ordinals"], self._lexicon.words["tens"]
        if token.text in ordinals:
            return ordinals[token.text], place + 1
        ones = self._cardinals.following_word(place + 1)
        if token.text in tens and ordinals.get(at(self._tokens, ones).text, 10) < 10:
            return tens[token.text] + ordinals[self._tokens[ones].text], ones + 1
        read = self._cardinals.read(place) if token.text in self._lexicon.cardinal_words else None
        return read if read and 0 < read[0] < 32 else None

    def _year(self, place: int) -> tuple[int, int] | None:
        token = at(self._tokens, place)
        if token.is_number:
            whole = len(token.text) == 4 and token.text.isdecimal() and self._ends(place)
            return (int(token.text), place + 1) if whole else None
        read = self._cardinals.read(place) if token.is_word else None
        if read is None or 1000 <= read[0] < 3000:
            return read
        second = self._cardinals.read(read[1]) if 10 <= read[0] < 30 else None
        return (read[0] * 100 + second[0], second[1]) if second and 10 <= second[0] < 100 else None

    def _relative(self, place: int) -> DateMention | None:
        longest = next((words for words in self._relatives if self._says(words, place)), None)
        if longest:
            return self._from_today(self._words["relative"][" ".join(longest)], place, place + len(longest))
        ahead = at(self._tokens, place).text in self._words["ahead"]
        count = self._cardinals.count(place + ahead)
        days = self._words["spans"].get(at(self._tokens, count[1]).text) if count else None
        if not count or not days:
            return None
        if ahead:
            return self._from_today(count[0] * days, place, count[1] + 1)
        back = at(self._tokens, count[1] + 1).text in self._words["back"]
        return self._from_today(-count[0] * days, place, count[1] + 2) if back else None

    def _says(self, words: Sequence[str], place: int) -> bool:
        return [at(self._tokens, place + step).text for step in range(len(words))] == words

    def _from_today(self, days: int, start: int, end: int) -> DateMention | None:
        if self._today is None or abs(days) > _FARTHEST:
            return None
        return DateMention(self._today + timedelta(days=days), start, end, is_counted=True)


def _opens(tokens: Sequence[Token], place: int) -> bool:
    return glued_before(tokens, place).text in {"(", '"', "'", "[", ":", "=", ","}


def _one_day(parts: Sequence[str], day_first: bool | None) -> date | None:
    readings = {True: _day(parts[2], parts[1], parts[0]), False: _day(parts[2], parts[0], parts[1])}
    if day_first is not None:
        return readings[day_first]
    days = {day for day in readings.values() if day}
    return days.pop() if len(days) == 1 else None


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
