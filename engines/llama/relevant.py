"""Which of the customer's phrases name something that is known: the words of a phrase are those of a fact."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WORD = re.compile(r"[^\W\d_]{3,}")
_CLOSE_SPELLING = 0.8


def naming(phrases: Sequence[str], facts: Mapping[str, Any]) -> list[str]:
    """The longest phrases of which every word is in the facts; all phrases when there is none."""
    known = {word for text in _texts(facts) for word in _WORD.findall(text.casefold())}
    fitting = [phrase for phrase in phrases if _is_known(phrase, known)]
    longest = [one for one in fitting if not any(one != other and one in other for other in fitting)]
    return longest or list(phrases)


def _is_known(phrase: str, known: set[str]) -> bool:
    words = _WORD.findall(phrase.casefold())
    return bool(words) and all(any(_alike(word, other) for other in known) for word in words)


def _alike(word: str, other: str) -> bool:
    """Whether they are the same word, as people spell and count."""
    if word[0] != other[0]:
        return False
    return word == other or difflib.SequenceMatcher(None, word, other).ratio() >= _CLOSE_SPELLING


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
