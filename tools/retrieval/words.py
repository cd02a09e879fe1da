"""The words of a text as keyword search counts them: stems, without words that say nothing about a subject.

An identifier such as `DiffExecutor` or `run_target` counts as a whole and as its parts, so code is found by either.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import Stemmer  # type: ignore[import-not-found,unused-ignore]

STOPWORDS_FILE = Path(__file__).with_name("stopwords.txt")
_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\da-zA-Z_]+")


def words(text: str) -> list[str]:
    """The stems of `text` in the order of its words, with repetitions."""
    said: list[str] = []
    for word in _WORD.findall(text):
        said.extend(_with_parts(word))
    stopwords = _stopwords()
    return list(_stemmer().stemWords([word for word in said if word not in stopwords]))


def stems(text: str) -> frozenset[str]:
    """The different stems of `text`."""
    return frozenset(words(text))


def _with_parts(word: str) -> list[str]:
    lower = word.lower()
    if word == lower and "_" not in word:
        return [lower]
    parts = [part.lower() for part in _PART.findall(word)]
    return [lower, *parts] if len(parts) > 1 else [lower.strip("_")]


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(STOPWORDS_FILE.read_text(encoding="utf-8").split())


def _stemmer() -> Stemmer.Stemmer:
    # One a call: a stemmer keeps a cache that is not safe to share between threads, and making one is free.
    return Stemmer.Stemmer("english", 0)
