"""The arithmetic of BM25: numbered words of passages in, what each word adds to the score of each passage out.

Weights are Lucene's (Robertson and Zaragoza, 2009; Kamphuis and others, 2020), computed when an index is built: a
question only adds them up.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopbot.tools.retrieval.ranking import Keywords

Scores = NDArray[np.float32]


class Postings(NamedTuple):
    """What every word adds to the score of what has it, one word after another.

    What word `n` is in, and what it adds there, stand in `rows` and `weights` from `starts[n]` to `starts[n + 1]`.
    """

    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    weights: Scores

    @classmethod
    def of(cls, said: Said, words: int, parameters: Keywords) -> Postings:
        """BM25 of the words of passages or documents.

        Args:
            words: how many different ones there are.
        """
        length = said.lengths
        count = max(1, len(length))
        pairs, counts = np.unique(said.words * count + np.repeat(np.arange(len(length)), length), return_counts=True)
        word, rows = np.divmod(pairs, count)
        held = np.bincount(word, minlength=words)
        relative = 1 - parameters.b + parameters.b * length / max(1.0, length.sum() / count)
        weights = rarity_in(held, len(length))[word] * counts / (counts + parameters.k1 * relative[rows])
        return cls(_starts(held), rows.astype(np.int32), weights.astype(np.float32))

    def scores(self, words: Iterable[int], size: int) -> Scores:
        """The sums for these words; shape (size,)."""
        scores = np.zeros(size, dtype=np.float32)
        for word in words:
            place = self.place(word)
            scores[self.rows[place]] += self.weights[place]
        return scores

    def place(self, word: int) -> slice:
        """Where the word stands in `rows` and `weights`."""
        return slice(int(self.starts[word]), int(self.starts[word + 1]))


@dataclass(frozen=True)
class Said:
    """The numbers of words, one passage after another, and how many each has."""

    words: NDArray[np.int64]
    lengths: NDArray[np.int64]


class Saying:
    """Collects words as numbers: as text, those of 100,000 passages would take 600 MB."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers = numbers
        self._words, self._lengths = array("q"), array("q")

    def add(self, words: Sequence[str]) -> None:
        self._words.extend(self._numbers.setdefault(word, len(self._numbers)) for word in words)
        self._lengths.append(len(words))

    def said(self) -> Said:
        return Said(np.array(self._words, dtype=np.int64), np.array(self._lengths, dtype=np.int64))


def joined(parts: Sequence[Said]) -> Said:
    """The words of several, passage by passage."""
    owner = np.concatenate([np.repeat(np.arange(len(part.lengths)), part.lengths) for part in parts])
    every = np.concatenate([part.words for part in parts])
    lengths: NDArray[np.int64] = np.sum([part.lengths for part in parts], axis=0, dtype=np.int64)
    return Said(every[np.argsort(owner, kind="stable")], lengths)


def grouped(said: Said, owners: NDArray[np.int64], count: int) -> Said:
    """The words of passages as those of their documents."""
    owner = np.repeat(owners, said.lengths)
    return Said(said.words[np.argsort(owner, kind="stable")], np.bincount(owner, minlength=count).astype(np.int64))


def _starts(held: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(held)]).astype(np.int64)


def rarity_in(held: NDArray[np.int64], chunks: int) -> NDArray[np.float64]:
    rarity: NDArray[np.float64] = np.log1p((chunks - held + 0.5) / (held + 0.5))
    return rarity
