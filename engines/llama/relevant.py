"""The customer's phrases: which of them name something that is known, and how many of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from shopbot.engines.protocol import texts_in
from shopbot.engines.spoken.numerals import number_in

_WORD = re.compile(r"[^\W\d_]{3,}")
_CLOSE_SPELLING = 0.8
_MOST = 99
"""Pieces; a greater number in front of a phrase is that of an order."""
_REACH = 16
"""Characters between which and the phrase its number stands: "two pieces of the"."""


def naming(phrases: Sequence[str], facts: Mapping[str, Any]) -> list[str]:
    """The longest phrases of which every word is in the facts; all phrases when there is none."""
    known = {word for text in texts_in(facts) for word in _WORD.findall(text.casefold())}
    fitting = [phrase for phrase in phrases if _is_known(phrase, known)]
    longest = [one for one in fitting if not any(one != other and one in other for other in fitting)]
    return longest or list(phrases)


def counted(phrases: Sequence[str], message: str) -> list[str]:
    """Each phrase with the number in front of it where the message says one right before or behind it: how many is
    read by code, so that it cannot be left out."""
    return [" ".join(filter(None, (_count_of(phrase, message), phrase))) for phrase in phrases]


def _count_of(phrase: str, message: str) -> str:
    start = message.find(phrase)
    before = re.split(r"[,;.!?&+]|\band\b", message[max(0, start - _REACH) : start])[-1]
    behind = re.match(r"\s?[x×]\s?(\d{1,3})\b", message[start + len(phrase) :], re.IGNORECASE)
    number = int(behind[1]) if behind else number_in(before) if before.strip() else None
    return str(number) if number and number <= _MOST else ""


def _is_known(phrase: str, known: set[str]) -> bool:
    words = _WORD.findall(phrase.casefold())
    return bool(words) and all(any(_alike(word, other) for other in known) for word in words)


def _alike(word: str, other: str) -> bool:
    """Whether they are the same word, as people spell and count."""
    if word[0] != other[0]:
        return False
    return word == other or difflib.SequenceMatcher(None, word, other).ratio() >= _CLOSE_SPELLING
