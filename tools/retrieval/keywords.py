"""BM25 over the chunks of a store, beside its vectors: exact words, names and numbers that meaning blurs.

The index is a copy of what the store holds: it is saved beside it, and built again when it is missing or out of step.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shopbot.tools.retrieval.configuration import Keywords
from shopbot.tools.retrieval.words import words

KEYS_FILE = "keys.json"


@dataclass(frozen=True)
class Searchable:
    """A chunk as keyword search reads it; `asked` are questions that it is known to answer."""

    key: str
    heading: str
    text: str
    asked: tuple[str, ...] = ()


class KeywordIndex:
    """A BM25 index (bm25s) with the keys of its chunks."""

    def __init__(self, keys: Sequence[str], bm25: Any) -> None:
        self._keys = list(keys)
        self._bm25 = bm25

    @property
    def size(self) -> int:
        """How many chunks there are."""
        return len(self._keys)

    @classmethod
    def build(cls, chunks: Iterable[Searchable], parameters: Keywords) -> Self:
        """Index `chunks`; none at all is fine."""
        import bm25s

        keys: list[str] = []
        numbers: dict[str, int] = {}
        # Words as numbers, each of which is one object however often it occurs: as text, those of 100,000 chunks would
        # take 600 MB.
        read: list[list[int]] = []
        for chunk in chunks:
            keys.append(chunk.key)
            read.append([numbers.setdefault(word, len(numbers)) for word in _words(chunk, parameters.heading_repeats)])
        if not numbers:
            return cls(keys, None)
        bm25 = bm25s.BM25(k1=parameters.k1, b=parameters.b, method="lucene")
        bm25.index(bm25s.tokenization.Tokenized(ids=read, vocab=numbers), show_progress=False)
        return cls(keys, bm25)

    @classmethod
    def load(cls, folder: Path, version: str) -> Self | None:
        """The index saved in `folder`, or None when it is missing, damaged or of another version."""
        import bm25s

        try:
            held = json.loads((folder / KEYS_FILE).read_text(encoding="utf-8"))
            if held["version"] != version:
                return None
            return cls(held["keys"], bm25s.BM25.load(folder, mmap=True) if held["words"] else None)
        except Exception:  # whatever is wrong with a copy, a new one is made
            return None

    def save(self, folder: Path, version: str) -> None:
        """Write the index to `folder`, complete or not at all."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f"{folder.name}.*.partial"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
        if self._bm25 is not None:
            self._bm25.save(partial, show_progress=False)
        held = {"version": version, "keys": self._keys, "words": self._bm25 is not None}
        (partial / KEYS_FILE).write_text(json.dumps(held), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)

    def best(self, question: str, k: int, mask: NDArray[np.bool_] | None = None) -> list[tuple[str, float]]:
        """The `k` chunks with the highest BM25 score above zero, best first.

        Args:
            mask: of shape (chunks,): which of them may be returned.
        """
        known = self.known(question)
        if not known:
            return []
        scores: NDArray[np.float32] = self._bm25.get_scores(known, weight_mask=mask)
        k = min(k, len(scores))
        order = np.argpartition(-scores, k - 1)[:k]
        order = order[np.argsort(-scores[order], kind="stable")]
        return [(self._keys[row], float(scores[row])) for row in order if scores[row] > 0]

    def mask(self, keys: Container[str]) -> NDArray[np.bool_]:
        """Which chunks are among `keys`, in the order of the index; shape (chunks,)."""
        return np.fromiter((key in keys for key in self._keys), dtype=np.bool_, count=len(self._keys))

    def known(self, question: str) -> list[str]:
        """The different words of `question` that occur in the documents."""
        if self._bm25 is None:
            return []
        return [word for word in dict.fromkeys(words(question)) if word in self._bm25.vocab_dict]

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a stem, after BM25; highest for a word that no document has."""
        held = 0
        if self._bm25 is not None and word in self._bm25.vocab_dict:
            number = self._bm25.vocab_dict[word]
            ends = self._bm25.scores["indptr"]
            held = int(ends[number + 1] - ends[number])
        return math.log(1 + (len(self._keys) - held + 0.5) / (held + 0.5))


def _words(chunk: Searchable, heading_repeats: int) -> list[str]:
    asked = [word for question in chunk.asked for word in words(question)]
    return words(chunk.heading) * heading_repeats + words(chunk.text) + asked
