"""Cardinals: number words, alone or with digits, read as one number ("two hundred and five", "2 dozen", "a hundred").

A cardinal ends where the grammar of English numbers ends: "twenty one" is 21, "twenty thirty" two numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shopbot.agents.grounding.text import Token, at
from shopbot.prompts import load_data


@dataclass(frozen=True)
class Lexicon:
    """The word lists of `prompts/words/numbers.yaml`."""

    words: Mapping[str, Any]

    @cached_property
    def below_twenty(self) -> dict[str, int]:
        """Digits and teens."""
        return {**self.words["digits"], **self.words["teens"]}

    @cached_property
    def cardinal_words(self) -> frozenset[str]:
        """All words that a cardinal is made of, without "and" and "a"."""
        groups = (self.below_twenty, self.words["tens"], self.words["hundred"], self.words["scales"])
        return frozenset(word for group in groups for word in group)

    def is_in(self, kind: str, token: Token) -> bool:
        """Whether the token is one of the words of that list."""
        return token.text in self.words[kind]


_read: list[Lexicon] = []


def lexicon() -> Lexicon:
    """The word lists in use, read anew when the file that they stand in is another one."""
    words = load_data("words/numbers.yaml")
    if not _read or _read[0].words is not words:
        _read[:] = [Lexicon(words)]
    return _read[0]


Read = tuple[int, int]
"""A value and the place behind it."""


class CardinalReader:
    """Reads cardinals in one list of tokens."""

    def __init__(self, tokens: Sequence[Token], words: Lexicon) -> None:
        self._tokens = tokens
        self._words = words

    def read(self, place: int) -> Read | None:
        """The cardinal in words that begins at `place`."""
        total, limit, end = 0, 0, place
        while (group := self._group(self._behind_joint(end) if end > place else end)) is not None:
            value, behind = group
            if limit and self._after_and(end) and value >= 100 and not self._scale(behind):
                break
            scale = self._scale(behind)
            if scale and (not limit or scale < limit):
                total, limit, end = total + value * scale, scale, behind + 1
                continue
            if scale or (limit and value >= min(limit, 1000)):
                break
            return total + value, behind
        return (total, end) if end > place else None

    def count(self, place: int) -> Read | None:
        """How many, at `place`: at most three digits, an article, or words."""
        token = at(self._tokens, place)
        if token.raw.isdecimal() and len(token.text) <= 3:
            return int(token.text), place + 1
        if self._words.is_in("articles", token):
            return 1, place + 1
        return self.read(place) if token.text in self._words.cardinal_words else None

    def following_word(self, place: int) -> int:
        """The place of the next word, past a hyphen that joins it ("twenty-one")."""
        hyphen = at(self._tokens, place)
        joined = at(self._tokens, place + 1)
        return place + 1 if hyphen.text == "-" and hyphen.glued and joined.glued and joined.is_word else place

    def _group(self, place: int) -> Read | None:
        """What stands before a scale: up to 99 hundred and 99."""
        behind_article = self._behind_article(place)
        token = at(self._tokens, behind_article)
        if self._words.is_in("hundred", token):
            read: Read = (1, behind_article)
        elif self._words.is_in("scales", token):
            return 1, behind_article
        else:
            below = self._below_hundred(place)
            if below is None:
                return None
            read = below
        value, behind = read
        hundred = self.following_word(behind)
        if value and self._words.is_in("hundred", at(self._tokens, hundred)):
            return self._rest_of_hundreds(value * 100, hundred + 1)
        return value, behind

    def _rest_of_hundreds(self, hundreds: int, place: int) -> Read:
        rest = self._below_hundred(self._behind_joint(place))
        if rest is None or not rest[0] or self._words.is_in("hundred", at(self._tokens, self.following_word(rest[1]))):
            return hundreds, place
        return hundreds + rest[0], rest[1]

    def _below_hundred(self, place: int) -> Read | None:
        word = at(self._tokens, place).text
        if word in self._words.below_twenty:
            return self._words.below_twenty[word], place + 1
        tens = self._words.words["tens"].get(word)
        if tens is None:
            return None
        ones = self.following_word(place + 1)
        digit = self._words.words["digits"].get(at(self._tokens, ones).text, 0)
        return (tens + digit, ones + 1) if digit else (tens, place + 1)

    def _scale(self, place: int) -> int:
        scale: int = self._words.words["scales"].get(at(self._tokens, self.following_word(place)).text, 0)
        return scale if at(self._tokens, place).text != "-" else 0

    def _behind_article(self, place: int) -> int:
        return place + 1 if self._words.is_in("articles", at(self._tokens, place)) else place

    def _behind_joint(self, place: int) -> int:
        place = self.following_word(place)
        return place + 1 if self._after_and(place) else place

    def _after_and(self, place: int) -> bool:
        return self._words.is_in("joint", at(self._tokens, place))


def digits_read_aloud(tokens: Sequence[Token], place: int, words: Lexicon) -> tuple[str, int]:
    """The run of single digits in words (or digits) from `place` on, and the place behind it: "five oh" -> "50"."""
    said = ""
    while True:
        token = at(tokens, place)
        digit = words.words["digits"].get(token.text, words.words["read_aloud"].get(token.text))
        if digit is None and not token.raw.isdecimal():
            return said, place
        said += token.text if digit is None else str(digit)
        place += 1


def points_at_a_thing(tokens: Sequence[Token], place: int, words: Lexicon) -> bool:
    """Whether the word at `place` is the "one" of "the blue one"."""
    following = at(tokens, place + 1).text
    counts = following == "of" or following in words.cardinal_words or following in words.words["read_aloud"]
    if tokens[place].text != "one" or counts:
        return False
    for token in reversed(tokens[max(place - 3, 0) : place]):
        if words.is_in("points_at", token):
            return True
        if not token.is_word or token.text in words.words["parts_things"]:
            return False
    return False
