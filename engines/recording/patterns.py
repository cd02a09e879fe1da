"""What personal data looks like in text: patterns for each kind, widest first. Pure; a pattern too wide masks a
harmless number, one too narrow gives a person away, so they are wide. Each takes linear time: customers write the
texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shopbot.engines.spoken.numerals import normalise_email, order_number_in


@dataclass(frozen=True)
class Found:
    """A personal value in a text: `key` is the same for every spelling of it."""

    start: int
    end: int
    kind: str
    key: str


_WORD = r"[^\W\d_][\w'’.-]*"
_ADDRESS_PART = r"[^\s@<>()\[\]{},;:\"'|]"
_STREET = (
    r"(?:(?i:street|str|st|avenue|ave|road|rd|lane|ln|boulevard|blvd|terrace|parkway|pkwy|highway|hwy|crescent|mews)|"
    r"Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Way|Circle|Cir|Close|Row|Trail|Loop|Alley|Quay)"
)
"""By the way, in a row, the last place: the second kind of word means a street only with a capital letter."""
_UNIT = r"(?:,?\s*(?i:apt|apartment|unit|suite|ste|floor|fl|flat|room|\#)\.?\s*[\w-]{1,6})?"
_PLACE = rf"(?:,\s*(?:{_WORD}\s?){{1,4}})?(?:,?\s+(?i:[A-Z]{{2}}))?(?:,?\s+\d{{5}}(?:-\d{{4}})?)?"
_OPEN, _SHUT = r"\s*+[(\[{<]?+\s*+\b", r"\b\s*+[)\]}>]?+\s*+"
_DOT = r"(?:dot|period|point|punto|punkt)"
_SPOKEN_DOT = rf"(?:{_OPEN}{_DOT}{_SHUT}|\.)"
_SPOKEN_MARK = rf"(?:{_OPEN}(?:{_DOT}|underscore|dash|hyphen|minus|plus){_SHUT}|\.)"
_DIGIT_WORD = (
    r"(?:zero|oh|o|nought|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fourty|fifty|sixty|seventy|eighty|ninety|double|triple|"
    r"treble|hundred|thousand|\d{1,4})"
)

_KEPT = re.compile(
    r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?"  # dates and times
    r"|[$€£]\s?\d{1,3}(?:,\d{3})*(?:\.\d{1,2})?(?![\d,])"  # money
    r"|(?<![\d.,])\d{1,4}\.\d{1,2}(?![\d.])"
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("EMAIL", re.compile(rf"(?<!{_ADDRESS_PART}){_ADDRESS_PART}+\s?@\s?{_ADDRESS_PART}+")),
    (
        "EMAIL",
        re.compile(
            rf"(?<![\w@+-])[\w+-]{{1,64}}+(?:{_SPOKEN_MARK}[\w+-]{{1,64}}+){{0,6}}"
            rf"{_OPEN}at{_SHUT}[\w-]{{1,64}}+(?:{_SPOKEN_DOT}[\w-]{{1,64}}+){{1,6}}",
            re.IGNORECASE,
        ),
    ),
    ("ADDRESS", re.compile(rf"\b\d{{1,6}}\w?\s+(?:{_WORD}\s+){{0,4}}{_STREET}\b\.?{_UNIT}{_PLACE}")),
    ("ADDRESS", re.compile(r"\bp\.?\s?o\.?\s?box\s+\d+", re.IGNORECASE)),
    ("ADDRESS", re.compile(r"\b[\w-]{0,40}(?:straße|strasse|weg|platz|gasse|allee|ufer)\s+\d+\s?\w?\b", re.IGNORECASE)),
    (
        "ADDRESS",
        re.compile(rf"\b\d+,?\s+(?:bis\s+|ter\s+)?(?:rue|avenue|boulevard|place|via|calle)(?:\s+{_WORD}){{1,4}}", re.I),
    ),
    ("ADDRESS", re.compile(r"\b(?:via|calle|rua|rue)(?:\s+[^\W\d_]+){1,4},?\s+\d+\b", re.IGNORECASE)),
    ("ADDRESS", re.compile(r"\b[A-Z]{2}\s+\d{5}(?:-\d{4})?\b|\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b")),
    ("CARD", re.compile(r"(?<!\d)\d(?:[ .\-]?\d){12,18}(?!\d)")),
    ("CARD", re.compile(r"\b(?:ending|ends|last\s+four|last\s+4)\D{0,20}(\d{4})(?!\d)", re.IGNORECASE)),
    ("PHONE", re.compile(r"\+\s?\(?\d(?:[ .\-/()]{0,3}\d){6,14}(?!\d)")),
    ("PHONE", re.compile(r"\(\d{2,5}\)[ .\-/]?\d(?:[ .\-/]?\d){4,11}(?!\d)")),
    ("PHONE", re.compile(r"(?<!\d)\d{3}[ .\-/]\d{3}[ .\-/]\d{4}(?!\d)")),
    ("PHONE", re.compile(r"(?<!\d)0\d{2,4}[ .\-/]\d(?:[ .\-/]?\d){4,8}(?!\d)")),
    ("NUMBER", re.compile(r"\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{9,}\b|(?<!\d)\d(?:[ .\-]?\d){19,}(?!\d)")),
    ("ORDER", re.compile(r"(?<!\d)\d(?:[ .\-/,_]?\d){4,}(?!\d)")),
    ("ORDER", re.compile(rf"\b{_DIGIT_WORD}(?:[\s,.\-]+{_DIGIT_WORD}){{2,}}\b", re.IGNORECASE)),
)


@lru_cache(maxsize=1024)
def personal_values(text: str) -> tuple[Found, ...]:
    """Personal values in `text` that can be told by their shape, not overlapping, in no order.

    Remembered for a while: every decision of a conversation is recorded with all that was said before it.
    """
    return tuple(_values_in(text))


def _values_in(text: str) -> Iterator[Found]:
    taken = bytearray(len(text))
    for match in _KEPT.finditer(text):
        take(taken, *match.span())
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(1 if match.lastindex else 0)
            found = _trimmed(text, start, end, kind)
            if found is not None and take(taken, found.start, found.end):
                yield found


def take(taken: bytearray, start: int, end: int) -> bool:
    """Mark a place in a text as taken, in time of its own length; False when part of it is taken already."""
    if 1 in taken[start:end]:
        return False
    taken[start:end] = b"\1" * (end - start)
    return True


def _trimmed(text: str, start: int, end: int, kind: str) -> Found | None:
    """The value without the punctuation around it; None when too little is left."""
    while end > start and text[end - 1] in " .,;:!?'\"\n":
        end -= 1
    while start < end and text[start] in " ,;:'\"\n":
        start += 1
    value = text[start:end]
    key = key_of(kind, value)
    return Found(start, end, kind, key) if key else None


def key_of(kind: str, value: str) -> str:
    """What is the same for every spelling of a value; empty when the value is none of that kind."""
    if kind == "EMAIL":
        return normalise_email(value) or value.casefold()
    if kind == "ORDER":
        digits = order_number_in(value) or ""
        return digits if len(digits) >= 5 else ""
    if kind in ("CARD", "PHONE"):
        return "".join(character for character in value if character.isdecimal())
    return " ".join(value.casefold().split())
