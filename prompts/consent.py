"""The reader of `prompts/words/consent.yaml`: what a message answers to a question, yes, no, or neither clearly.

A yes is a whole utterance of that grammar, word by word; whatever the grammar does not say is not a yes. With the
question at hand, an answer may say again what was asked (`shopbot.prompts.restating`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from shopbot.prompts import find_prompt, load_data
from shopbot.prompts.restating import Restating
from shopbot.prompts.utterances import Utterances, words_of

GRAMMAR = "words/consent.yaml"
_VOWELS = re.compile("[aeiou]")
_REPEATED = re.compile(r"(.)\1+")


class Answer(Enum):
    """How a message answers a question that commits the customer to something."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


def read_answer(message: str, *, asked: str = "") -> Answer:
    """The answer that the whole message is to the question `asked`; UNCLEAR for anything beyond the grammar."""
    return _reader(find_prompt(GRAMMAR)).read(message, asked)


@lru_cache(maxsize=4)
def _reader(file: Path) -> _Reader:
    """The reader for the grammar in that file, which is the one that `load_data` finds."""
    return _Reader(load_data(GRAMMAR))


class _Reader:
    """The grammar of `prompts/words/consent.yaml`, ready to read answers."""

    def __init__(self, grammar: dict[str, Any]) -> None:
        self._longest: int = grammar["longest"]
        self._yes = Utterances(grammar["agrees"], grammar["slots"])
        self._no = Utterances(grammar["refuses"], grammar["slots"])
        self._restating = Restating(grammar["restating"], grammar["slots"])
        self._spelling = _Spelling(self._yes.words | self._no.words, grammar["loosely"], grammar["real_words"])

    def read(self, message: str, asked: str) -> Answer:
        plain = self._plain(message)
        if plain is Answer.UNCLEAR and asked and self._restating.is_yes(message, asked, self._spelling.readings):
            return Answer.YES
        return plain

    def _plain(self, message: str) -> Answer:
        if len(message) > self._longest:
            return Answer.UNCLEAR
        spoken = [self._spelling.readings(word) for word in words_of(message)]
        yes, no = self._yes.match(spoken), self._no.match(spoken)
        if yes == no:
            return Answer.UNCLEAR
        return Answer.YES if yes else Answer.NO


class _Spelling:
    """Which listed words a typed word may stand for, by the rules at the head of the grammar."""

    def __init__(self, words: Iterable[str], loosely: Iterable[str], real_words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._known = self._words | set(real_words)
        self._loosely = tuple(loosely)
        self._once: dict[str, set[str]] = {}
        for word in self._words:
            self._once.setdefault(_letters_once(word), set()).add(word)

    def readings(self, word: str) -> frozenset[str]:
        if word in self._known or not word.isalpha():
            return frozenset({word})
        once = _letters_once(word)
        if once != word and once in self._once:
            return frozenset(self._once[once])
        return frozenset(listed for listed in self._loosely if _is_misspelt(word, listed))


def _letters_once(word: str) -> str:
    """The word with every run of a letter as one: "yesss" -> "yes", "good" -> "god"."""
    return _REPEATED.sub(r"\1", word)


def _is_misspelt(typed: str, word: str) -> bool:
    """Whether `typed` is a spelling of a word of `loosely` that the rules of the grammar let pass."""
    return _is_slip(typed, word) or _differ_in_vowels(typed, word)


def _is_slip(typed: str, word: str) -> bool:
    """Whether `typed` is `word` with two neighbouring letters swapped or, from five letters on, one letter off."""
    if typed[0] != word[0] or abs(len(typed) - len(word)) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), min(len(typed), len(word)))
    rest, wanted = typed[same:], word[same:]
    if len(word) >= 3 and len(rest) >= 2 and rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:]:
        return True
    return len(word) >= 5 and (rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:])


def _differ_in_vowels(typed: str, word: str) -> bool:
    """Whether two long words have their first letter and all consonants in common: "definetly", "definitely"."""
    return len(word) >= 9 and typed[0] == word[0] and _VOWELS.sub("", typed) == _VOWELS.sub("", word)
