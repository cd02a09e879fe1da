"""Numbers written in digits: decimals, thousands and lists of them. What each spelling means says `numbers`."""

from __future__ import annotations

import re
from fractions import Fraction

from shopbot.agents.grounding.text import LONGEST_NUMBER

_WRITTEN = (
    (re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?"), ","),
    (re.compile(r"[1-9][0-9]{0,2}(?:'[0-9]{3})+(?:\.[0-9]+)?"), "'"),
    (re.compile(r"[0-9]+(?:\.[0-9]+)?"), ""),
)
_EUROPEAN = (
    re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+"),
    re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}"),
    re.compile(r"[0-9]+,[0-9]{1,2}"),
    re.compile(r"0,[0-9]+"),
    re.compile(r"[0-9]{1,3}(?:'[0-9]{3})+,[0-9]+"),
)
_LIST = re.compile(r"[0-9]+(?:,[0-9]+){2,}")


def written_values(digits: str) -> list[Fraction]:
    """What a number in digits says: one value, several for a list ("1,2,3"), none when it says nothing certain."""
    if len(digits) > LONGEST_NUMBER or (len(digits) > 2 and digits.isdecimal() and digits[0] == "0"):
        return []
    for pattern, separator in _WRITTEN:
        if pattern.fullmatch(digits):
            return [Fraction(digits.replace(separator, "") if separator else digits)]
    if any(pattern.fullmatch(digits) for pattern in _EUROPEAN):
        return [Fraction(digits.replace(".", "").replace("'", "").replace(",", "."))]
    return [Fraction(part) for part in digits.split(",")] if _LIST.fullmatch(digits) else []
