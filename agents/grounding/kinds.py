"""What kind of value is to be grounded: told by its type and its schema where they are known, else by its form.

kind                 by type                         by format              by form
NUMBER               int, float, Decimal, Fraction                          "$12.50", "-3", "20%", "twenty one"
DATE, TIME, MOMENT   date, time, datetime            date, time, date-time  "1980-03-07", "7 March 1980", "17:30"
ADDRESS              EmailStr                        email                  "jane@example.com"
IDENTIFIER           UUID, URL, digits of a pattern  uuid, uri              "AB-1234" (a digit and no blank)
DIGITS                                                                      "123456": identifier or number
WORDS                                                                       anything else
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, auto
from fractions import Fraction
from numbers import Number
from typing import Any

from pydantic import AnyUrl, EmailStr

from shopbot.agents.grounding.cardinals import lexicon
from shopbot.agents.grounding.reading import Parse, parse
from shopbot.agents.grounding.text import Token


class Kind(Enum):
    """How a value is looked for."""

    NUMBER = auto()
    DATE = auto()
    TIME = auto()
    MOMENT = auto()
    ADDRESS = auto()
    IDENTIFIER = auto()
    DIGITS = auto()
    WORDS = auto()


FORMATS = {
    "date": Kind.DATE,
    "time": Kind.TIME,
    "date-time": Kind.MOMENT,
    "email": Kind.ADDRESS,
    "idn-email": Kind.ADDRESS,
    "uuid": Kind.IDENTIFIER,
    "uri": Kind.IDENTIFIER,
}
_TYPES: tuple[tuple[type, Kind], ...] = (
    (datetime, Kind.MOMENT),
    (date, Kind.DATE),
    (time, Kind.TIME),
    (uuid.UUID, Kind.IDENTIFIER),
    (AnyUrl, Kind.IDENTIFIER),
    (Decimal, Kind.NUMBER),
    (Fraction, Kind.NUMBER),
    (int, Kind.NUMBER),
    (float, Kind.NUMBER),
)


def kind_of_type(hint: Any) -> Kind | None:
    """The kind that a type fixes; None for str and for whatever says nothing."""
    if hint is EmailStr:
        return Kind.ADDRESS
    if not isinstance(hint, type):
        return None
    return next((kind for known, kind in _TYPES if issubclass(hint, known)), None)


def kind_of_form(value: Any, *, patterned: bool = False) -> Kind:
    """The kind of a value whose schema does not tell. `patterned`: a pattern says that digits are an identifier."""
    if not isinstance(value, str):
        return kind_of_type(type(value)) or (Kind.NUMBER if isinstance(value, Number) else Kind.WORDS)
    found = parse(value)
    if found.addresses:
        return Kind.ADDRESS if [token.text for token in found.tokens] == ["@"] else Kind.WORDS
    if _covers(found, bool(found.dates)) and found.dates:
        return Kind.MOMENT if found.times else Kind.DATE
    if found.times and _covers(found):
        return Kind.TIME
    if value.strip().isdecimal():
        return Kind.IDENTIFIER if patterned else Kind.DIGITS
    if len(found.numbers) == 1 and _covers(found):
        return Kind.NUMBER
    return Kind.IDENTIFIER if _is_code(value) else Kind.WORDS


def _covers(found: Parse, with_date: bool = False) -> bool:
    """Whether nothing but dates, times and numbers is written, their signs and currencies aside."""
    rest = [token for place, token in enumerate(found.tokens) if place not in found.covered]
    return all(_belongs(token) or (with_date and token.text in {"t", "z", ","}) for token in rest)


def _belongs(token: Token) -> bool:
    words = lexicon()
    return token.text in {"-", "."} or any(words.is_in(kind, token) for kind in ("currencies", "minus", "negative"))


def _is_code(value: str) -> bool:
    """Digits and no blank; or short groups in capitals with digits among them ("AB 1234")."""
    groups = value.split()
    if not any(char.isdecimal() for char in value):
        return False
    short = all(len(group) <= 4 or any(char.isdecimal() for char in group) for group in groups)
    return len(groups) == 1 or (short and value.upper() == value)
