"""Which order line does the customer mean by "the blue one"?

Words are compared with the names of the order's own lines, so nothing outside the order can be meant. Spelling and
number (jeans, jean, jeasn) do not matter; the kind of product ("the book") is tried when no name has the word, and
meaning (trousers -> jeans, through sentence embeddings) when no kind has it either. A place in the list ("the second
one") tells apart what the other words leave open. It only matches: what may be returned is decided elsewhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shopbot.prompts import load_data

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
    """One line of an order that can be meant; `kind` is the category that the shop keeps the product in."""

    id: int
    name: str
    kind: str = ""


def match(words: str, lines: Sequence[Line], similarity: Similarity | None = None) -> list[Line]:
    """The lines that `words` can mean: one when it is clear, several when it is not, none when nothing fits.

    Args:
        words: the customer's words for an item ("blue jeans", "the black one", "the last one").
        lines: the lines of the order, in the order in which they were read out.
        similarity: cosine similarity of a text with each of several others; None leaves meaning out.
    """
    found = _by_words(words, lines, similarity)
    place = _place(words)
    if len(found) > 1 and place is not None:
        at = place - 1 if place > 0 else place
        return [found[at]] if -len(found) <= at < len(found) else []
    return found


def is_pronoun(words: str) -> bool:
    """Whether the words point at what was just spoken of ("it", "them", "those") and name nothing."""
    tokens = _WORD.findall(words.casefold())
    return bool(tokens) and all(
        word in load_data("words/items.yaml")["pronouns"] or _is_filler(word) for word in tokens
    )


def names_something(words: str) -> bool:
    """Whether there is a word in it that tells one item from another ("the other one" has none)."""
    return not all(_is_filler(word) for word in _WORD.findall(words.casefold()))


def is_further(words: str) -> bool:
    """Whether the words ask for a piece besides those chosen before ("the other one")."""
    return not set(_WORD.findall(words.casefold())).isdisjoint(load_data("words/items.yaml")["further"])


def same_item(words: str, earlier: str) -> bool:
    """Whether the words name what `earlier` named, more or less fully."""
    new, old = _content_words(words), _content_words(earlier)
    return bool(new and old) and 1.0 in (_overlap(new, old), _overlap(old, new))


def _is_filler(word: str) -> bool:
    """Whether the word tells no item from another; a number alone says how many."""
    return word in _fillers() or bool(re.fullmatch(r"\d{1,3}x?|x\d{1,3}", word))


def _by_words(words: str, lines: Sequence[Line], similarity: Similarity | None) -> list[Line]:
    wanted = _content_words(words)
    unplaced = [word for word in wanted if word not in _places()]
    # "Second" may be a word of the name itself.
    for asked in (wanted, unplaced):
        if not asked:
            return list(lines)
        for names in ([line.name for line in lines], [f"{line.name} {line.kind}" for line in lines]):
            if best := _best([_overlap(asked, _content_words(name)) for name in names], lines):
                return best
    return _closest_in_meaning(words, lines, similarity) if similarity else []


def _best(scores: list[float], lines: Sequence[Line]) -> list[Line]:
    best = max(scores, default=0.0)
    return [line for line, score in zip(lines, scores, strict=True) if score == best] if best >= _ENOUGH else []


def _place(words: str) -> int | None:
    """The place in the list that the words name: "second" -> 2, "last" -> -1, "number 3" -> 3."""
    text = words.casefold()
    named = [_places()[word] for word in map(_singular, _WORD.findall(text)) if word in _places()]
    if numbered := re.search(r"(?:\b(?:number|nr|no|item)\b\.?|#)\s*(\d{1,2})\b", text):
        named.append(int(numbered[1]))
    return named[0] if named else None


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
    aliases = load_data("words/items.yaml")["aliases"]
    numbered = re.sub(r"(?:\b(?:number|nr|no|item)\b\.?|#)\s*\d{1,2}\b", " ", text.casefold())
    words = [part for word in _WORD.findall(numbered) for part in aliases.get(word, word).split()]
    return [_singular(word) for word in words if word not in _fillers()]


@lru_cache(maxsize=1)
def _fillers() -> frozenset[str]:
    return frozenset(load_data("words/items.yaml")["fillers"])


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    return {_singular(word): place for word, place in load_data("words/items.yaml")["places"].items()}


@lru_cache(maxsize=4096)
def _singular(word: str) -> str:
    from Stemmer import Stemmer

    stem: str = Stemmer("english").stemWord(word)
    return stem
