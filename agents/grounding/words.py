"""Words of a text and of a phrase: case, plurals and hyphens do not matter; every word that carries something does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from shopbot.agents.grounding.text import Token, at, glued_after, glued_before
from shopbot.prompts import load_data

_SHORTEST = 3
_LONGEST_COMPOUND = 8


def words_in(tokens: Sequence[Token]) -> frozenset[str]:
    """Every word; a compound also written together ("t-shirt" is t, shirt and tshirt)."""
    return frozenset((*(plain(token) for token in tokens if token.is_word), *_compounds(tokens)))


def with_singulars(words: frozenset[str]) -> frozenset[str]:
    """The words and what each may be the plural of."""
    return words | {one for word in words for one in singulars(word)}


def content_places(tokens: Sequence[Token], covered: frozenset[int]) -> list[int]:
    """The places of the words that a phrase must share with a text; all of its words when none carries anything."""
    words = [
        place
        for place, token in enumerate(tokens)
        if token.is_word and place not in covered and not _is_glued_to_digits(tokens, place)
    ]
    function = frozenset(load_data("words/function.yaml"))
    return [place for place in words if plain(tokens[place]) not in function] or words


def says(tokens: Sequence[Token], place: int, words: frozenset[str], singular: frozenset[str]) -> bool:
    """Whether the word at `place` is among `words` (`singular`: with their singulars), alone or as its compound."""
    word = plain(tokens[place])
    if word in singular or any(one in words for one in singulars(word)):
        return True
    compound = compound_around(tokens, place)
    return compound in singular or any(one in words for one in singulars(compound))


def plain(token: Token) -> str:
    """The word without apostrophes."""
    return token.text.replace("'", "")


@lru_cache(maxsize=4096)
def singulars(word: str) -> frozenset[str]:
    """What the word may be the plural of."""
    found = {load_data("words/plurals.yaml").get(word, "")} - {""}
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found.add(word[:-1])
    if word.endswith("es") and word[:-2].endswith(("s", "x", "z", "ch", "sh", "o")):
        found.add(word[:-2])
    if word.endswith("ies"):
        found.add(f"{word[:-3]}y")
    return frozenset(one for one in found if len(one) >= _SHORTEST)


def compound_around(tokens: Sequence[Token], place: int) -> str:
    """The words that hyphens join to the one at `place`, written together."""
    start = place
    while place - start < _LONGEST_COMPOUND and _is_hyphen(tokens, start - 1):
        start -= 2
    return _compound(tokens, start)[0]


def _compounds(tokens: Sequence[Token]) -> Iterator[str]:
    place = 0
    while place < len(tokens):
        if not tokens[place].is_word:
            place += 1
            continue
        compound, behind = _compound(tokens, place)
        if behind > place + 1:
            yield compound
        place = behind


def _compound(tokens: Sequence[Token], start: int) -> tuple[str, int]:
    parts, place = [plain(tokens[start])], start + 1
    while len(parts) < _LONGEST_COMPOUND and _is_hyphen(tokens, place):
        parts.append(plain(tokens[place + 1]))
        place += 2
    return "".join(parts), place


def _is_hyphen(tokens: Sequence[Token], place: int) -> bool:
    """Whether a hyphen there joins two words."""
    hyphen, following = at(tokens, place), at(tokens, place + 1)
    joins = hyphen.text == "-" and hyphen.glued and following.glued
    return joins and following.is_word and at(tokens, place - 1).is_word


def _is_glued_to_digits(tokens: Sequence[Token], place: int) -> bool:
    return glued_before(tokens, place).is_number or glued_after(tokens, place).is_number
