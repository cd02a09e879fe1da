"""Consent: has the customer clearly said yes to the question that was just put to them?

Decided by code over a word list that a shop can read (`prompts/words/consent.yaml`), never by the engine: whoever
controls the engine still cannot say yes for the customer. Anything less than clear is asked again.
"""

from __future__ import annotations

import re
from functools import lru_cache

from prompts import load_data

_SPACES = re.compile(r"\s+")


def is_clear_yes(message: str) -> bool:
    """Whether `message` agrees without a condition, a question, a change or a no in it."""
    enough, more, unclear = _patterns()
    text = _SPACES.sub(" ", message.casefold().replace("’", "'")).strip()
    agreed = enough.search(text) is not None
    rest = more.sub(" ", enough.sub(" ", text))
    return agreed and unclear.search(rest) is None


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What is a yes, what may stand beside one, and what makes it unclear."""
    words = load_data("words/consent.yaml")
    more = set(words["not_enough"])
    enough = [phrase for phrase in words["yes"] if phrase not in more]
    return _any_of(enough), _any_of(more), _any_of(words["unclear"])


def _any_of(phrases: list[str] | set[str]) -> re.Pattern[str]:
    """A pattern for any of the phrases as whole words, longest first."""
    ordered = sorted((str(phrase) for phrase in phrases), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in ordered))
