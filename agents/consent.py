"""Consent: has the customer clearly said yes to the question that was just put to them?

Decided by code over a word list that a shop can read (`prompts/words/consent.yaml`), never by the engine: whoever
controls the engine still cannot say yes for the customer. A yes with anything else beside it is not clear, whatever
that else may be, and is asked again.
"""

from __future__ import annotations

import re
from functools import lru_cache

from shopbot.prompts import load_data

_PUNCTUATION = re.compile(r"[\s.,!;:()\"“”…~-]+")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")


def is_clear_yes(message: str) -> bool:
    """Whether `message` agrees and says nothing else: no condition, question, change, name or number."""
    agree, beside = _phrases()
    text = _DRAWN_OUT.sub(r"\1", message.casefold().replace("’", "'"))
    text = _PUNCTUATION.sub(" ", text).strip()
    if not agree.search(text):
        return False
    return not beside.sub(" ", agree.sub(" ", text)).strip()


@lru_cache(maxsize=1)
def _phrases() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is a yes, and what may stand beside one."""
    words = load_data("words/consent.yaml")
    return _any_of(words["agree"]), _any_of([*words["beside"], *words["agree"]])


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    """A pattern for any of the phrases as whole words, longest first."""
    spelled = sorted((_PUNCTUATION.sub(" ", phrase).strip() for phrase in phrases), key=len, reverse=True)
    return re.compile("|".join(rf"(?<![\w']){re.escape(phrase)}(?![\w'])" for phrase in spelled))
