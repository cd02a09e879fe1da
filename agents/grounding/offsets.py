"""Offsets from UTC that a text says: "UTC", "GMT", "17:00Z", "UTC+2", "+02:00", an ISO 8601 moment with its own.

A minus alone is no offset: "09:00-11:00" is from nine to eleven. Names of zones ("CET") are not read; what they stand
for changes with the season and the place.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache

from shopbot.prompts import load_data

_SIGNED = r"(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?(?![0-9:])"
_ZULU = re.compile(r"[0-9]:[0-9]{2}(?:\.[0-9]{1,9})? ?[Zz](?![^\W_])")
_PLUS = re.compile(r"(?:(?<=[\s(])|(?<=:[0-9]{2}))(?=\+[0-9]{1,2}:?[0-9]{2})" + _SIGNED)
_ISO = re.compile(r"[0-9]-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?" + _SIGNED)


def offsets_in(folded: str) -> frozenset[timedelta]:
    """The offsets that a folded text says."""
    zulu = {timedelta()} if _ZULU.search(folded) else set()
    signed = {_offset(found) for pattern in (_PLUS, _ISO, _named()) for found in pattern.finditer(folded)}
    return frozenset(zulu | signed)


@cache
def _named() -> re.Pattern[str]:
    names = "|".join(map(re.escape, load_data("words/dates.yaml")["zero_offset"]))
    return re.compile(rf"(?<![^\W_])(?:{names})(?![^\W_])(?: ?{_SIGNED})?", re.IGNORECASE)


def _offset(found: re.Match[str]) -> timedelta:
    size = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    return -size if found["sign"] == "-" else size
