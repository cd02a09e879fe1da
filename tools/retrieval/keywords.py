"""BM25 over the chunks of a store: exact words, names and numbers that meaning blurs.

Words are stems, without those that say nothing about a subject; an identifier such as `DiffExecutor` or `run_target`
counts as a whole and as its parts, so code is found by either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import Stemmer  # type: ignore[import-not-found,unused-ignore]
from numpy.typing import NDArray

from shopbot.tools.retrieval.postings import Postings, Saying, Scores, grouped, joined, rarity_in
from shopbot.tools.retrieval.ranking import Keywords
from shopbot.tools.retrieval.sentences import sentences

STOPWORDS_FILE = Path(__file__).with_name("stopwords.txt")
MOST_SENTENCES = 12
"""Of a message that are read."""
KEYS_FILE = "keys.json"
KINDS = ("passages", "documents", "headings")
_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\da-zA-Z_]+")


@dataclass(frozen=True)
class Searchable:
    """A chunk as keyword search reads it; `asked` are questions that it is known to answer."""

    key: str
    heading: str
    text: str
    asked: tuple[str, ...] = ()


class KeywordIndex:
    """BM25 of passages and of the documents that they are from, and which words stand in a passage's headings.

    Args:
        keys: of the passages; what comes before the last "#" is the document.
        words: every stem.
        passages: what words add to passages.
        documents: what they add to documents.
        headings: 1 for each word of a passage's headings.
    """

    def __init__(
        self, keys: Sequence[str], words: Sequence[str], passages: Postings, documents: Postings, headings: Postings
    ) -> None:
        self.keys = list(keys)
        self._numbers = {word: number for number, word in enumerate(words)}
        self._passages, self._documents, self._headings = passages, documents, headings

    @property
    def size(self) -> int:
        """How many passages there are."""
        return len(self.keys)

    @classmethod
    def build(cls, chunks: Iterable[Searchable], parameters: Keywords) -> Self:
        """Index `chunks`; none at all is fine."""
        keys: list[str] = []
        numbers: dict[str, int] = {}
        headings, rests = Saying(numbers), Saying(numbers)
        for chunk in chunks:
            keys.append(chunk.key)
            headings.add(words(chunk.heading))
            rests.add(words("\n".join([chunk.text, *chunk.asked])))
        heading, rest = headings.said(), rests.said()
        repeated = joined([heading] * parameters.heading_repeats + [rest])
        documents, owners = _documents(keys)
        whole = grouped(joined([heading, rest]), owners, len(documents))
        postings = (Postings.of(each, len(numbers), parameters) for each in (repeated, whole, heading))
        return cls(keys, list(numbers), *postings)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The index saved in `folder`; whatever goes wrong is raised as it comes."""
        held = json.loads((folder / KEYS_FILE).read_text(encoding="utf-8"))
        postings = [
            Postings(*(np.load(folder / f"{kind}-{name}.npy", mmap_mode="r") for name in Postings._fields))
            for kind in KINDS
        ]
        return cls(held["keys"], held["words"], *postings)

    def save(self, folder: Path) -> None:
        """Write the index to `folder`."""
        for kind, postings in zip(KINDS, (self._passages, self._documents, self._headings), strict=True):
            for name, values in postings._asdict().items():
                np.save(folder / f"{kind}-{name}.npy", values)
        held = {"keys": self.keys, "words": list(self._numbers)}
        (folder / KEYS_FILE).write_text(json.dumps(held), encoding="utf-8")

    def scores(self, question: str) -> Scores:
        """The BM25 score of every passage; shape (passages,)."""
        return self._passages.scores(self._known(question), self.size)

    def document_scores(self, question: str) -> Scores:
        """The BM25 score of the document of every passage; shape (passages,)."""
        return self._documents.scores(self._known(question), len(self._document_names))[self.owners]

    def heading_shares(self, question: str) -> Scores:
        """How much of the question, the rarer a word the more, stands in the headings of every passage."""
        total = self.rarity_of(question) or 1.0
        shares = np.zeros(self.size, dtype=np.float32)
        for word in self.known(question):
            shares[self._headings.rows[self._headings.place(self._numbers[word])]] += self.rarity(word) / total
        return shares

    def best(self, question: str, k: int, mask: NDArray[np.bool_] | None = None) -> list[tuple[str, float]]:
        """The `k` passages with the highest BM25 score above zero, best first.

        Args:
            mask: of shape (passages,): which of them may be returned.
        """
        scores = self.scores(question) if mask is None else self.scores(question) * mask
        found = highest(scores, k)
        return [(self.keys[row], float(scores[row])) for row in found if scores[row] > 0]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The number of each passage by its key."""
        return {key: row for row, key in enumerate(self.keys)}

    def mask(self, keys: Container[str]) -> NDArray[np.bool_]:
        """Which passages are among `keys`, in the order of the index; shape (passages,)."""
        return np.fromiter((key in keys for key in self.keys), dtype=np.bool_, count=len(self.keys))

    def known(self, question: str) -> list[str]:
        """The different words of `question` that occur in the documents."""
        return [word for word in dict.fromkeys(words(question)) if word in self._numbers]

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a stem, after BM25; highest for a word that no passage has."""
        place = self._passages.place(self._numbers[word]) if word in self._numbers else slice(0, 0)
        return float(rarity_in(np.array(place.stop - place.start), len(self.keys)))

    def rarity_of(self, question: str) -> float:
        """Of the different words of `question`, summed."""
        return sum(self.rarity(word) for word in set(words(question)))

    def _known(self, question: str) -> list[int]:
        return [self._numbers[word] for word in self.known(question)]

    @cached_property
    def _document_names(self) -> dict[str, int]:
        return _documents(self.keys)[0]

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """The number of each passage's document; shape (passages,)."""
        return _documents(self.keys)[1]


def _documents(keys: Sequence[str]) -> tuple[dict[str, int], NDArray[np.int64]]:
    """The number of each document, and that of every passage's."""
    numbers: dict[str, int] = {}
    owners = [numbers.setdefault(key.rpartition("#")[0], len(numbers)) for key in keys]
    return numbers, np.array(owners, dtype=np.int64)


def highest(scores: Scores, k: int) -> NDArray[np.int64]:
    """The places of the `k` highest scores, best first."""
    k = min(k, len(scores))
    if not k:
        return np.zeros(0, dtype=np.int64)
    order = np.argpartition(-scores, k - 1)[:k]
    best: NDArray[np.int64] = order[np.argsort(-scores[order], kind="stable")]
    return best


def words(text: str) -> list[str]:
    """The stems of `text` in the order of its words, with repetitions."""
    said: list[str] = []
    for word in _WORD.findall(text):
        said.extend(_with_parts(word))
    stopwords = _stopwords()
    # A stemmer a call: it keeps a cache that is not safe to share between threads, and making one is free.
    return list(Stemmer.Stemmer("english", 0).stemWords([word for word in said if word not in stopwords]))


@lru_cache(maxsize=1024)
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


def sentences_of(question: str) -> list[str]:
    """The sentences of a message that say something, by at least two words; the message itself when it is one."""
    said = [question[span.start : span.end] for span in sentences(question)]
    telling = [each for each in said if len(set(words(each))) > 1] if len(said) > 1 else []
    return telling[:MOST_SENTENCES] if len(telling) > 1 else [question]
