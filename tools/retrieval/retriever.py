"""Finds the passages that answer a question, or none: an answer nobody wrote must not be made up.

Passages near in meaning and passages that share words are ranked together (`fusion`); a calibrated model says whether
the documents answer at all (`confidence`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.confidence import Calibration, Signals, calibration, signals
from shopbot.tools.retrieval.configuration import search_configuration
from shopbot.tools.retrieval.filters import Where, conditions
from shopbot.tools.retrieval.fusion import fuse
from shopbot.tools.retrieval.question_classifier import QuestionClassifier, plain

if TYPE_CHECKING:
    from shopbot.tools.retrieval.chunks import Chunk
    from shopbot.tools.retrieval.reranking import CrossEncoder
    from shopbot.tools.retrieval.store import ChunkStore

QUESTION_LIMIT = 1_000
"""Characters of a question that are read; the encoder sees no more than about that many anyway."""


@dataclass(frozen=True)
class Passage:
    """A section of a document. `score` compares passages of one search: 1 is first by meaning and by keywords.

    `metadata` is the document's or the row's own, by which a search can be filtered.
    """

    key: str
    source: str
    heading: str
    text: str
    score: float
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Finding:
    """All that one search found: the best passages, and how likely it is that they answer, from 0 to 1."""

    passages: list[Passage]
    confidence: float
    signals: Signals


class Retriever:
    """Search over one index.

    Args:
        minimum_confidence: a question whose passages are less likely to answer it gets none; by default the
            calibrated value, and 0 always returns the best there is.
        classifier: knows questions that are answered here and others that are not; without it refusal is less sure.
        reranker: ranks the best passages of the fused ranking again; None leaves them as they are.
    """

    def __init__(
        self,
        store: ChunkStore,
        encoder: Encoder,
        minimum_confidence: float | None = None,
        classifier: QuestionClassifier | None = None,
        reranker: CrossEncoder | None = None,
    ) -> None:
        self.store = store
        self.encoder = encoder
        self.reranker = reranker
        self._minimum = minimum_confidence
        self.classifier = classifier

    def search(self, question: str, k: int = 5, where: Where | None = None) -> list[Passage]:
        """At most `k` passages, best first; empty when the documents do not seem to answer.

        Args:
            where: only passages that meet this filter (`shopbot.tools.retrieval.filters`).

        Raises:
            RetrievalError: the filter cannot be used.
        """
        question = question[:QUESTION_LIMIT].strip()
        if not question or k < 1:
            return []
        found = self.find(question, k, where)
        minimum = self._calibration.minimum if self._minimum is None else self._minimum
        return found.passages if found.confidence >= minimum else []

    def find(self, question: str, k: int = 5, where: Where | None = None) -> Finding:
        """The best `k` passages whatever they are worth, and what they are worth together."""
        question, wanted = question[:QUESTION_LIMIT], conditions(where)
        self.store.refresh()
        configured, index = search_configuration(), self.store.keywords
        vector = self.encoder.encode([question])[0]
        near = self.store.nearest_keys(vector, max(k, configured.candidates), wanted)
        worded = self.store.worded_keys(question, max(k, configured.candidates), wanted)
        ranked = fuse(
            [key for key, _ in near],
            [key for key, _ in worded],
            sum(index.rarity(word) for word in index.known(question)),
            configured.fusion,
            guided=self.store.with_questions,
        )
        again = configured.rerank if self.reranker else 0
        chunks = self.store.get([key for key, _ in ranked[: max(k, again, 3)]])
        if self.reranker:
            ranked = self.reranker.rank_again(question, ranked[:again], chunks) + ranked[again:]
        best = [chunks[key] for key, _ in ranked[:3] if key in chunks]
        resemblance = self.classifier.resemblance(self.encoder.encode([plain(question)])[0]) if self.classifier else 0.0
        seen = signals(
            question, [cosine for _, cosine in near], [_everything(chunk) for chunk in best], index, resemblance
        )
        passages = [_passage(chunks[key], score) for key, score in ranked[:k] if key in chunks]
        return Finding(passages, self._calibration.confidence(seen) if passages else 0.0, seen)

    def passage(self, key: str) -> Passage | None:
        """The passage with this key, when the documents have it."""
        chunk = self.store.by_key(key)
        return _passage(chunk, 1.0) if chunk else None

    def best_quote(self, question: str, passage: Passage) -> str:
        """The one or two sentences of `passage` that answer best: an exact substring of its text."""
        from shopbot.tools.retrieval.quote import best_quote

        return best_quote(question[:QUESTION_LIMIT], passage.text, self.encoder)

    def close(self) -> None:
        """Release the index."""
        self.store.close()

    @property
    def _calibration(self) -> Calibration:
        return calibration(guided=self.store.with_questions and self.classifier is not None)


def open_retriever(index: Path, documents: Path, encoder: Encoder | None = None) -> Retriever:
    """A retriever over the Markdown documents in `documents`; `index` is a folder that holds nothing else.

    Raises:
        RetrievalError: no documents; the folder cannot be written; another process holds it.
    """
    from shopbot.tools.retrieval.documents import QUESTIONS_FILE, UNANSWERED_FILE, read_questions, read_unanswered
    from shopbot.tools.retrieval.opening import open_store
    from shopbot.tools.retrieval.vector_cache import CACHE_FILE, CachedEncoder

    encoder = encoder or Encoder()
    cached = CachedEncoder(encoder, documents / CACHE_FILE)
    store = open_store(index, documents, cached)
    samples = read_questions(documents / QUESTIONS_FILE).values()
    answered = [plain(each) for questions in samples for each in questions]
    unanswered = [plain(each) for each in read_unanswered(documents / UNANSWERED_FILE)]
    classifier = (
        QuestionClassifier(cached.encode(answered), cached.encode(unanswered)) if answered and unanswered else None
    )
    return Retriever(store, encoder, classifier=classifier)


def _everything(chunk: Chunk) -> str:
    return "\n".join([chunk.heading, chunk.text, *chunk.asked])


def _passage(chunk: Chunk, score: float) -> Passage:
    return Passage(chunk.key, chunk.source, chunk.heading, chunk.text, min(score, 1.0), chunk.metadata)
