"""Answers that say again what was asked: "Yes, please cancel order #W1. Thanks for your help!".

The reader of the part `restating` of `prompts/words/consent.yaml`. A message is taken sentence by sentence; every one
must be an utterance of that part, and one of them an agreeing one. Two slots are open there: `{asked}` is any word of
the question, a synonym of one, or one of `joints`, `{anything}` any word at all, and neither is ever one of `turning`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from Stemmer import Stemmer

from shopbot.prompts.utterances import ANYTHING, ASKED, Utterances, words_of

_SENTENCE = re.compile(r"(?<!\.)[.!]+(?<!\.\.)(?=\s|$)|[;\n]+|\s*[—–]\s*|\s-\s")
_NUMBER = re.compile(r"[#$€£]?(?=[A-Za-z_]*\d)[A-Za-z\d_]+(?:[.,]\d+)*")
_LISTED = re.compile(r"^\W*\d+\s*[×x]\s+(.+)$", re.MULTILINE)
_COUNTED = re.compile(r"^\W*(\d+)\s*[×x]\s", re.MULTILINE)
_QUOTED = 3
"""Words in a row that, standing like this in the question, are a quotation of it."""
_STEMMER = Stemmer("english")
_PREFIX = 5


class Restating:
    """The sentences that may stand in an answer to a question that is at hand."""

    def __init__(self, part: Mapping[str, Any], slots: Mapping[str, Sequence[str]]) -> None:
        self._longest: int = part["longest"]
        self._agrees = Utterances(part["agrees"], slots)
        self._beside = Utterances(part["beside"], slots)
        self._joints = frozenset(part["joints"])
        self._turning = frozenset(part["turning"])
        self._synonyms = [frozenset(map(_stem, group)) for group in part["synonyms"]]
        self._valuing, self._amounts = frozenset(part["valuing"]), frozenset(part["amounts"])
        self._verbs, self._subjects = frozenset(part["verbs"]), frozenset(part["subjects"])
        self._dual = frozenset(part["dual"])
        self._turns = [tuple(phrase.split()) for phrase in part["turning_phrases"]]

    def is_yes(self, message: str, asked: str, spelling: Callable[[str], frozenset[str]]) -> bool:
        """Whether the message agrees to what was asked and says nothing that could change it."""
        if len(message) > self._longest:
            return False
        question = _Question(asked, self._synonyms)
        sentences = [s for part in _SENTENCE.split(message) if (s := tokens_of(part))]
        if any(self._turns_in(sentence) or self._asks(sentence) for sentence in sentences):
            return False
        said = {word for sentence in sentences for word in sentence}
        if question.names_some(said) or (said & self._dual and question.is_of_one):
            return False
        read = [
            [self._readings(at, sentence, question) | {word} | spelling(word) for at, word in enumerate(sentence)]
            for sentence in sentences
        ]
        agreeing = [self._agrees.match(sentence) for sentence in read]
        return any(agreeing) and all(a or self._beside.match(s) for a, s in zip(agreeing, read, strict=True))

    def _turns_in(self, sentence: list[str]) -> bool:
        """Whether one of the phrases that turn a sentence stands in it."""
        return any(
            tuple(sentence[start : start + len(turn)]) == turn for turn in self._turns for start in range(len(sentence))
        )

    def _asks(self, sentence: list[str]) -> bool:
        """Whether a verb stands before its subject: a question, with or without its mark."""
        triples = zip(["", *sentence], sentence, sentence[1:], strict=False)
        return any(
            v in self._verbs and s in self._subjects and before not in self._subjects for before, v, s in triples
        )

    def _readings(self, at: int, sentence: list[str], question: _Question) -> frozenset[str]:
        """Which of the open slots the word at that place can fill."""
        word = sentence[at]
        if word in ("(", ")") and at:
            return frozenset({ASKED})
        if not word[0].isalnum():
            return frozenset()
        if question.is_quoted(at, sentence):
            return frozenset({ASKED, ANYTHING})
        if word in self._turning:
            return frozenset()
        is_asked = word in self._joints or question.says(word) or self._only_values(at, sentence, question)
        return frozenset({ASKED, ANYTHING} if is_asked else {ANYTHING} if word.isalpha() else ())

    def _only_values(self, at: int, sentence: list[str], question: _Question) -> bool:
        """Whether the word values an amount behind it that the question speaks of."""
        behind = sentence[at + 1 : at + 3]
        return sentence[at] in self._valuing and any(w in self._amounts and question.says(w) for w in behind)


@dataclass(frozen=True)
class _Question:
    """The words of a question; of `synonyms`, groups of stems, it says each where it says one."""

    text: str
    synonyms: Sequence[frozenset[str]]

    @cached_property
    def _tokens(self) -> list[str]:
        return tokens_of(self.text)

    @cached_property
    def _stems(self) -> frozenset[str]:
        stems = frozenset(map(_stem, self._tokens))
        said = [group for group in self.synonyms if group & stems]
        return stems.union(*said, (word[:_PREFIX] for word in self._tokens if len(word) > _PREFIX))

    @cached_property
    def _runs(self) -> frozenset[tuple[str, ...]]:
        return frozenset(zip(*(self._tokens[start:] for start in range(_QUOTED)), strict=False))

    def says(self, word: str) -> bool:
        """Whether the question has the word, in whatever form; a number, an identifier or a code as it stands."""
        if not word.isalpha():
            return word in self._tokens
        if len(word) >= _PREFIX and any(token.endswith(word) for token in self._tokens):
            return True
        return _stem(word) in self._stems or (len(word) > _PREFIX and word[:_PREFIX] in self._stems)

    def is_quoted(self, at: int, sentence: list[str]) -> bool:
        """Whether the word stands in a row of words that stand like this in the question."""
        starts = range(max(at - _QUOTED + 1, 0), at + 1)
        return any(tuple(sentence[start : start + _QUOTED]) in self._runs for start in starts)

    @property
    def is_of_one(self) -> bool:
        """Whether it lists a single thing."""
        return _COUNTED.findall(self.text) == ["1"]

    def names_some(self, words: set[str]) -> bool:
        """Whether `words` name some, and not all, of the things that it lists line by line (`2 × Jeans`)."""
        lines = [set(tokens_of(line)) for line in _LISTED.findall(self.text)]
        own = [line - set().union(*lines[:i], *lines[i + 1 :]) for i, line in enumerate(lines)]
        named = [bool(distinct & words) for distinct in own]
        return any(named) and not all(named)


def tokens_of(text: str) -> list[str]:
    """The words of a text; numbers, identifiers and codes whole, without currency or number sign."""
    found, end = [], 0
    for number in _NUMBER.finditer(text):
        found += [*words_of(text[end : number.start()]), number[0].lstrip("#$€£").replace(",", "").lower()]
        end = number.end()
    return [*found, *words_of(text[end:])]


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))
