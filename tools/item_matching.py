"""Which order line does the customer mean by "the blue one"?

Words are compared with the names of the order's own lines, so nothing outside the order can be meant. Spelling and
number (jeans, jean, jeasn) do not matter; when no word fits, meaning decides (trousers -> jeans) through sentence
embeddings. It only matches: what may be returned is decided elsewhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prompts import load_data

_WORD = re.compile(r"[^\W_]+")
_ENOUGH = 0.5
"""Share of the customer's words that must be in a name."""
_CLOSE_SPELLING = 0.75
_CLOSE_MEANING = 0.45
_MARGIN = 0.08
"""How much closer in meaning the best line must be than the next."""

Similarity = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Line:
    """One line of an order that can be meant."""

    id: int
    name: str


def match(words: str, lines: Sequence[Line], similarity: Similarity | None = None) -> list[Line]:
    """The lines that `words` can mean: one when it is clear, several when it is not, none when nothing fits.

    Args:
        words: the customer's words for an item ("blue jeans", "the black one").
        lines: the lines of the order.
        similarity: cosine similarity of a text with each of several others; None leaves meaning out.
    """
    wanted = _content_words(words)
    if not wanted:
        return list(lines)
    scores = [_overlap(wanted, _content_words(line.name)) for line in lines]
    best = max(scores, default=0.0)
    if best >= _ENOUGH:
        return [line for line, score in zip(lines, scores, strict=True) if score == best]
    return _closest_in_meaning(words, lines, similarity) if similarity else []


def is_pronoun(words: str) -> bool:
    """Whether the words point at what was just spoken of ("it", "them", "those") and name nothing."""
    tokens = _WORD.findall(words.casefold())
    return bool(tokens) and set(tokens) <= set(load_data("words/items.yaml")["pronouns"]) | _fillers()


def names_something(words: str) -> bool:
    """Whether there is a word in it that tells one item from another ("the other one" has none)."""
    return any(word not in _fillers() for word in _WORD.findall(words.casefold()))


def _overlap(wanted: list[str], name: list[str]) -> float:
    """The share of the wanted words that the name has; the first word of a name's head weighs no more than others."""
    return sum(_closeness(word, name) for word in wanted) / len(wanted)


def _closeness(word: str, name: list[str]) -> float:
    if word in name:
        return 1.0
    if len(word) < 4:
        return 0.0
    # A slip of the pen seldom hits the first letter, and a dress is no press.
    similar = [other for other in name if len(other) > 3 and other[0] == word[0]]
    best = max((difflib.SequenceMatcher(None, word, other).ratio() for other in similar), default=0.0)
    return best if best >= _CLOSE_SPELLING else 0.0


def _closest_in_meaning(words: str, lines: Sequence[Line], similarity: Similarity) -> list[Line]:
    if not lines:
        return []
    scores = similarity(words, [line.name for line in lines])
    best = max(scores)
    if best < _CLOSE_MEANING:
        return []
    return [line for line, score in zip(lines, scores, strict=True) if score > best - _MARGIN]


def _content_words(text: str) -> list[str]:
    """The words that tell items apart, in the singular; none when there are only fillers."""
    return [_singular(word) for word in _WORD.findall(text.casefold()) if word not in _fillers()]


@lru_cache(maxsize=1)
def _fillers() -> frozenset[str]:
    return frozenset(load_data("words/items.yaml")["fillers"])


@lru_cache(maxsize=4096)
def _singular(word: str) -> str:
    from Stemmer import Stemmer

    stem: str = Stemmer("english").stemWord(word)
    return stem
