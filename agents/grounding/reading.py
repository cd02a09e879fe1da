"""What one text says, read once: addresses, dates, their shifts, times, offsets, numbers, identifiers and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache

from shopbot.agents.grounding.addresses import split_addresses
from shopbot.agents.grounding.dates import DateMention, dates_in
from shopbot.agents.grounding.identifiers import Chunk, chunks_in, identifiers_in
from shopbot.agents.grounding.numbers import PERCENT, Mention, numbers_in
from shopbot.agents.grounding.offsets import offsets_in
from shopbot.agents.grounding.shifts import shifts_in
from shopbot.agents.grounding.text import Token, fold, glued_after, glued_before, tokenise
from shopbot.agents.grounding.times import TimeMention, times_in
from shopbot.agents.grounding.words import with_singulars, words_in

Number = tuple[Fraction, str]
"""A value and its unit: `%`, a currency code, or nothing."""


@dataclass(frozen=True)
class Calendar:
    """What a reader knows of dates: today, and which of day and month comes first in "7/3/1980" (None: neither)."""

    today: date | None = None
    day_first: bool | None = None


@dataclass(frozen=True)
class Reading:
    """What a text says, as sets of values; `less` takes away what another reading says too."""

    addresses: frozenset[str]
    dates: frozenset[date]
    times: frozenset[time]
    offsets: frozenset[timedelta]
    """Offsets from UTC."""
    shifts: frozenset[timedelta]
    """By how much a date that was said elsewhere is another ("one day later")."""
    numbers: frozenset[Number]
    figures: frozenset[Fraction]
    """Numbers that are no bare digits ("$20", "1,299", "twenty one"): no part of an identifier."""
    identifiers: frozenset[str]
    codes: frozenset[str]
    """Identifiers as far as they are written without a blank."""
    words: frozenset[str]

    @cached_property
    def singular(self) -> frozenset[str]:
        """The words, with what they may be the plural of."""
        return with_singulars(self.words)

    @cached_property
    def units(self) -> dict[Fraction, set[str]]:
        """The numbers by their value: value -> the units it is said with."""
        found: dict[Fraction, set[str]] = {}
        for value, unit in self.numbers:
            found.setdefault(value, set()).add(unit)
        return found

    def has_number(self, wanted: Number) -> bool:
        """Whether the number is there: a percentage only as one, an amount only in the currency said, if any was."""
        value, unit = wanted
        said = self.units.get(value, set())
        if unit == PERCENT:
            return PERCENT in said
        return any(not unit or there in ("", unit) for there in said)

    def less(self, other: Reading) -> Reading:
        """Without whatever the other one says."""
        values = {value for value, _ in other.numbers}
        digits = {str(value) for value in values if value.denominator == 1}
        return Reading(
            self.addresses - other.addresses,
            self.dates - other.dates,
            self.times - other.times,
            self.offsets - other.offsets,
            self.shifts - other.shifts,
            frozenset(number for number in self.numbers if number[0] not in values),
            self.figures - values,
            self.identifiers - other.identifiers - digits,
            self.codes - other.codes - digits,
            frozenset(word for word in self.words if not {word, *with_singulars(frozenset([word]))} & other.singular),
        )


@dataclass(frozen=True)
class Parse:
    """A text's tokens and what was found where."""

    tokens: Sequence[Token]
    addresses: frozenset[str]
    dates: Sequence[DateMention]
    times: Sequence[TimeMention]
    numbers: Sequence[Mention]

    @cached_property
    def taken(self) -> frozenset[int]:
        """Places of tokens that are dates, times or addresses."""
        return _places([*(d for d in self.dates if not d.is_counted), *self.times])

    @cached_property
    def chunks(self) -> list[Chunk]:
        """What is written without a blank."""
        return [*chunks_in(self.tokens)]

    @property
    def codes(self) -> list[Chunk]:
        """Whatever is written with a digit and without a blank ("w31"): words of a phrase."""
        return [chunk for chunk in self.chunks if chunk.has_digit]

    @cached_property
    def covered(self) -> frozenset[int]:
        """Places of tokens that are dates, times or numbers."""
        return self.taken | _places(self.numbers)


@lru_cache(maxsize=1024)
def parse(text: str, calendar: Calendar = Calendar()) -> Parse:
    """Read a text (its first `MAX_TEXT` characters)."""
    addresses, rest = split_addresses(fold(text))
    tokens = tokenise(rest)
    dates = dates_in(tokens, today=calendar.today, day_first=calendar.day_first)
    absolute = _places([mention for mention in dates if not mention.is_counted])
    times = times_in(tokens, absolute)
    return Parse(tokens, addresses, dates, times, numbers_in(tokens, absolute | _places(times)))


@lru_cache(maxsize=1024)
def read(text: str, calendar: Calendar = Calendar()) -> Reading:
    """What a text says."""
    found = parse(text, calendar)
    return Reading(
        found.addresses,
        frozenset(mention.value for mention in found.dates if mention.value),
        frozenset(mention.value for mention in found.times),
        offsets_in(fold(text)),
        shifts_in(found.tokens),
        frozenset((mention.value, mention.unit) for mention in found.numbers),
        frozenset(mention.value for mention in found.numbers if not _is_bare(mention, found.tokens)),
        identifiers_in(found.tokens, found.chunks, found.taken),
        frozenset(chunk.text for chunk in found.codes if not chunk.text.isdecimal()),
        words_in(found.tokens),
    )


def _is_bare(mention: Mention, tokens: Sequence[Token]) -> bool:
    bare = mention.end == mention.start + 1 and tokens[mention.start].raw.isdecimal() and not mention.unit
    return bare and not glued_after(tokens, mention.start).is_word and not glued_before(tokens, mention.start).is_word


def _places(mentions: Sequence[DateMention | TimeMention | Mention]) -> frozenset[int]:
    return frozenset(place for mention in mentions for place in range(mention.start, mention.end))
