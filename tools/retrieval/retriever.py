"""Finds the passages that answer a question, or none: an answer nobody wrote must not be made up.

Passages near in meaning and passages that share words are ranked together (`fusion`); a calibrated model says whether
the documents answer at all (`confidence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.chunks import SEPARATOR
from shopbot.tools.retrieval.filters import Where, conditions
from shopbot.tools.retrieval.keywords import sentences_of
from shopbot.tools.retrieval.passages import Passage, passage_of, places
from shopbot.tools.retrieval.ranking import rank, search_configuration
from shopbot.tools.retrieval.refusal import Calibration, QuestionClassifier, Signals, calibration, coverage, plain
from shopbot.tools.retrieval.sentences import Span, answer_among, sentences
from shopbot.tools.retrieval.vector_cache import RecentVectors

if TYPE_CHECKING:
    from shopbot.tools.retrieval.chunks import Chunk
    from shopbot.tools.retrieval.reranking import CrossEncoder
    from shopbot.tools.retrieval.store import ChunkStore

QUESTION_LIMIT = 4_000
"""Characters of a question that are read."""


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
        self._vectors = RecentVectors(encoder)
        self.reranker = reranker
        self.minimum_confidence = minimum_confidence
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
        given = self.minimum_confidence
        minimum = self._calibration.minimum if given is None else given
        return found.passages if found.confidence >= minimum else []

    def find(self, question: str, k: int = 5, where: Where | None = None) -> Finding:
        """The best `k` passages whatever they are worth, and what they are worth together."""
        question, wanted = question[:QUESTION_LIMIT].strip(), conditions(where)
        self.store.refresh()
        configured = search_configuration()
        parts = sentences_of(question)
        found = self.store.candidates(parts, self._vectors.encode(parts), max(k, configured.candidates), wanted)
        evidence = rank(found, configured.weights)
        most = found.most(configured.weights)
        ranked = [(key, score / most) for key, score in evidence]
        if self.reranker:
            again = [key for key, _ in ranked[: configured.rerank]]
            ranked = self.reranker.rank_again(question, again, self.store.get(again)) + ranked[configured.rerank :]
        asked = self._vectors.encode([plain(question)])[0]
        resemblance = self.classifier.resemblance(asked) if self.classifier else 0.0
        texts = [_everything(chunk) for chunk in self.store.get([key for key, _ in ranked[:3]]).values()]
        seen = Signals(
            float(found.cosines.max(initial=0.0)),
            float(evidence[0][1]) if evidence else 0.0,
            coverage(question, texts, self.store.keywords),
            float(found.headings.max(initial=0.0)),
            resemblance,
        )
        passages = places(((self.store.get([key])[key], score) for key, score in ranked), k)
        return Finding(passages, self._calibration.confidence(seen) if passages else 0.0, seen)

    def passage(self, key: str) -> Passage | None:
        """The passage with this key, when the documents have it."""
        chunk = self.store.by_key(key)
        return passage_of(chunk) if chunk else None

    def best_quote(self, question: str, passage: Passage) -> str:
        """The one to three sentences of `passage` that answer best: an exact substring of its text."""
        spans = sentences(passage.text)
        if not spans:
            return ""
        first, last = answer_among(self._sentence_scores(question, passage, spans), search_configuration().quote.margin)
        return passage.text[spans[first].start : spans[last].end]

    def _sentence_scores(self, question: str, passage: Passage, spans: Sequence[Span]) -> NDArray[np.float32]:
        """How much each sentence, read under its section's title, answers: its cosine and the words that it shares."""
        title = passage.heading.rpartition(SEPARATOR)[2]
        said = [passage.text[span.start : span.end] for span in spans]
        vectors = self._vectors.encode([question[:QUESTION_LIMIT], *(f"{title}: {sentence}" for sentence in said)])
        shared = [coverage(question, [sentence], self.store.keywords) for sentence in said]
        words = np.array(shared, dtype=np.float32)
        scores: NDArray[np.float32] = vectors[1:] @ vectors[0] + search_configuration().quote.words * words
        return scores

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
