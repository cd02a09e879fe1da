"""Is a value there? One way of looking for each kind, in what texts say."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from shopbot.agents.grounding.identifiers import normalised
from shopbot.agents.grounding.kinds import Kind, kind_of_form
from shopbot.agents.grounding.offsets import offsets_in
from shopbot.agents.grounding.reading import Number, Reading, parse
from shopbot.agents.grounding.text import LONGEST_NUMBER, fold, has_hidden_characters
from shopbot.agents.grounding.words import content_places, plain, says, singulars
from shopbot.prompts import load_data

_READABLE = re.compile(r"[+-]?[0-9]{0,300}\.?[0-9]{0,300}(?:[eE][+-]?[0-9]{1,3}|/[0-9]{1,300})?")
"""What is worth turning into a number: the exponent of a longer one alone could take forever."""
_UNREADABLE: Number = (Fraction(0), "unreadable")


def find(value: Any, readings: Sequence[Reading], kind: Kind | None = None) -> bool:
    """Whether one of the readings holds the value; nothing holds one with hidden characters or without a word or sign.

    An empty text invents nothing and is there.
    """
    if isinstance(value, str):
        if not value.strip():
            return True
        if has_hidden_characters(value) or not any(char.isalnum() for char in value):
            return False
    return _SEARCHES[kind or kind_of_form(value)](value, readings)


def _number(value: Any, readings: Sequence[Reading]) -> bool:
    wanted = number_of(value)
    return any(reading.has_number(wanted) for reading in readings)


def number_of(value: Any) -> Number:
    """The value and unit of a number, in whatever form it comes."""
    if isinstance(value, str):
        mentions = parse(value).numbers
        if len(mentions) == 1:
            return mentions[0].value, mentions[0].unit
    try:
        if type(value) is int:
            return Fraction(value), ""
        return (Fraction(written), "") if _READABLE.fullmatch(written := str(value)) else _UNREADABLE
    except (ValueError, ZeroDivisionError):
        return _UNREADABLE


def _date(value: Any, readings: Sequence[Reading]) -> bool:
    days = {value} if isinstance(value, date) else {mention.value for mention in parse(str(value)).dates}
    if len(days) != 1:
        return False
    return any(days <= reading.dates for reading in readings) or _is_shifted(*days, readings=readings)


def _is_shifted(day: date | None, *, readings: Sequence[Reading]) -> bool:
    """Whether it is as far from a date that is there as somebody said ("one day later")."""
    shifts = {shift for reading in readings for shift in reading.shifts}
    if not shifts or type(day) is not date:
        return False
    return any(day - there in shifts for reading in readings for there in reading.dates)


def _time(value: Any, readings: Sequence[Reading]) -> bool:
    clock = _iso(time, value)
    if not isinstance(clock, time):
        times = _times_of(str(value))
        return len(times) == 1 and any(times <= reading.times for reading in readings)
    return _has_offset(clock, readings) and any(clock.replace(tzinfo=None) in reading.times for reading in readings)


def _times_of(text: str) -> set[time]:
    return {mention.value for mention in parse(text).times}


def _moment(value: Any, readings: Sequence[Reading]) -> bool:
    """Day and time, which may have been said apart; midnight need not be said. An offset from UTC was said too."""
    moment = _iso(datetime, value)
    if isinstance(moment, datetime):
        day: Any = moment.date()
        clock = {moment.time()}
    else:
        day, clock = value, _times_of(str(value))
    said = _date(day, readings) and (clock <= {time(0)} or _time(next(iter(clock)), readings))
    return said and _has_offset(moment, readings)


def _iso(kind: type[datetime] | type[time], value: Any) -> Any:
    """A value written as ISO 8601 has it, as what it says; any other as it is."""
    try:
        return kind.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        return value


def _has_offset(value: Any, readings: Sequence[Reading]) -> bool:
    """Whether every offset from UTC that the value has was said."""
    if isinstance(value, datetime | time):
        offset = value.utcoffset()
        offsets = frozenset() if offset is None else frozenset([offset])
    else:
        offsets = offsets_in(fold(str(value)))
    return all(any(offset in reading.offsets for reading in readings) for offset in offsets)


def _address(value: Any, readings: Sequence[Reading]) -> bool:
    wanted = parse(str(value)).addresses
    return len(wanted) == 1 and any(wanted <= reading.addresses for reading in readings)


def _identifier(value: Any, readings: Sequence[Reading]) -> bool:
    wanted = normalised(fold(str(value)))
    if any(wanted in reading.identifiers for reading in readings):
        return True
    has_digit = any(char.isdecimal() for char in wanted)
    is_measure = not wanted.isdecimal() and bool(parse(str(value)).numbers)
    return (not has_digit or is_measure) and _words(value, readings)


def _digits(value: Any, readings: Sequence[Reading]) -> bool:
    digits = str(value).strip()
    if any(digits in reading.identifiers for reading in readings):
        return True
    if len(digits) > LONGEST_NUMBER:
        return False
    return (digits[0] != "0" or digits == "0") and any(Fraction(digits) in reading.figures for reading in readings)


def _words(value: Any, readings: Sequence[Reading]) -> bool:
    return any(_phrase_in(str(value), reading) for reading in readings)


def _phrase_in(phrase: str, reading: Reading) -> bool:
    """Every address, date, time, number, code and word that carries something, in one text."""
    wanted = parse(phrase)
    if not wanted.addresses <= reading.addresses or not {m.value for m in wanted.times} <= reading.times:
        return False
    if not {mention.value for mention in wanted.dates if mention.value} <= reading.dates:
        return False
    alone = [m for m in wanted.numbers if m.end == m.start + 1]
    things = [m for m in alone if _stands_for_a_thing(wanted.tokens[m.start].text, reading)]
    if not all(_has(mention.value, mention.unit, reading) for mention in wanted.numbers if mention not in things):
        return False
    codes = {
        chunk.text
        for chunk in wanted.codes
        if chunk.start not in wanted.covered or any(not m.value and m.start == chunk.start for m in wanted.dates)
    }
    if not codes <= reading.codes | reading.identifiers:
        return False
    places = content_places(wanted.tokens, wanted.covered)
    anything = places or codes or wanted.covered or wanted.addresses
    return bool(anything) and all(says(wanted.tokens, place, reading.words, reading.singular) for place in places)


def _stands_for_a_thing(word: str, reading: Reading) -> bool:
    """Whether it is the "one" of "blue one", and the text says so too."""
    return word in load_data("words/numbers.yaml")["one_of_those"] and word in reading.words


def _has(value: Fraction, unit: str, reading: Reading) -> bool:
    named = not unit and value.denominator == 1 and str(value) in reading.identifiers
    return named or reading.has_number((value, unit))


_SEARCHES: dict[Kind, Callable[[Any, Sequence[Reading]], bool]] = {
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.MOMENT: _moment,
    Kind.ADDRESS: _address,
    Kind.IDENTIFIER: _identifier,
    Kind.DIGITS: _digits,
    Kind.WORDS: _words,
}


def is_said_with_an_article(name: str, text: str) -> bool:
    """Whether the text says one of what is named: "a blue shirt" or "the blue one", within three words of its name."""
    tokens = parse(text).tokens
    named = parse(name).tokens
    words = {plain(named[place]) for place in content_places(named, frozenset())}
    known = load_data("words/numbers.yaml")
    for place, token in enumerate(tokens):
        near = tokens[place + 1 : place + 4] if token.text in known["one_of_it"] else ()
        if token.text in known["one_of_those"]:
            near = tokens[max(place - 2, 0) : place]
        following = {plain(beside) for beside in near if beside.is_word}
        if any({word, *singulars(word)} & words for word in following):
            return True
    return False
