"""Finds the passages that answer a question, or none: an answer nobody wrote must not be made up.

Dense search alone: a keyword index fused with it belongs in `Retriever.search`, beside `ChunkStore.nearest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from engines.embedding import Encoder

if TYPE_CHECKING:
    from tools.retrieval.store import ChunkStore

CALIBRATION = Path(__file__).with_name("calibration.yaml")
QUESTION_LIMIT = 1_000
"""Characters of a question that are read; the encoder sees no more than about that many anyway."""


@dataclass(frozen=True)
class Passage:
    """A section of a document. `score` is its cosine similarity with the question."""

    key: str
    source: str
    heading: str
    text: str
    score: float


class Retriever:
    """Search over one index.

    Args:
        minimum_score: passages below it are not returned; by default the calibrated score of the encoder.
    """

    def __init__(self, store: ChunkStore, encoder: Encoder, minimum_score: float | None = None) -> None:
        self.store = store
        self.encoder = encoder
        self._minimum = calibrated_minimum() if minimum_score is None else minimum_score

    def search(self, question: str, k: int = 5) -> list[Passage]:
        """At most `k` passages, best first; empty when nothing in the documents is near enough."""
        question = question[:QUESTION_LIMIT].strip()
        if not question or k < 1:
            return []
        vector = self.encoder.encode([question])[0]
        return [
            Passage(chunk.key, chunk.source, chunk.heading, chunk.text, score)
            for chunk, score in self.store.nearest(vector, k)
            if score >= self._minimum
        ]

    def passage(self, key: str) -> Passage | None:
        """The passage with this key, when the documents have it."""
        chunk = self.store.by_key(key)
        return Passage(chunk.key, chunk.source, chunk.heading, chunk.text, 1.0) if chunk else None

    def best_quote(self, question: str, passage: Passage) -> str:
        """The one or two sentences of `passage` that answer best: an exact substring of its text."""
        from tools.retrieval.quote import best_quote

        return best_quote(question[:QUESTION_LIMIT], passage.text, self.encoder)

    def close(self) -> None:
        """Release the index."""
        self.store.close()


def open_retriever(index: Path, documents: Path, encoder: Encoder | None = None) -> Retriever:
    """A retriever over the Markdown documents in `documents`; `index` is a folder that holds nothing else.

    Raises:
        RetrievalError: no documents; the folder cannot be written; another process holds it.
    """
    from tools.retrieval.opening import open_store

    encoder = encoder or Encoder()
    return Retriever(open_store(index, documents, encoder), encoder)


def calibrated_minimum() -> float:
    """The lowest score that still means an answer, calibrated for the encoder that ships."""
    return float(yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))["minimum_score"])
