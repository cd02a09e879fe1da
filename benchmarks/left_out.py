"""The signals of each sample question about the policies as search would see them if it had not been given that one.

A question that search knows finds itself, which says nothing about customers. So each is left out in turn: of the
vectors of its section, of the words of the passages and of the question classifier. (Only the order of the keyword
ranking still knows it.) What the unanswered questions are judged by leaves each of them out of the classifier.
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache_vectors import policy_chunks
from benchmarks.policy_questions import DOCUMENTS
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.documents import UNANSWERED_FILE, read_unanswered
from shopbot.tools.retrieval.keywords import KeywordIndex, Searchable
from shopbot.tools.retrieval.ranking import Candidates, rank, search_configuration
from shopbot.tools.retrieval.refusal import QuestionClassifier, Signals, coverage, plain
from shopbot.tools.retrieval.vector_cache import CACHE_FILE, CachedEncoder
from shopbot.tools.retrieval.vectors import chunk_vectors

Rows = NDArray[np.float64]
NOT_FOUND = -2.0


class LeftOut:
    """Search over the policies in memory, with one sample question missing at a time."""

    def __init__(self) -> None:
        encoder = CachedEncoder(Encoder(), DOCUMENTS / CACHE_FILE)
        self.chunks = policy_chunks(encoder)
        self.configured = search_configuration()
        held = [Searchable(each.key, each.heading, each.text, each.asked) for each in self.chunks]
        self.index = KeywordIndex.build(held, self.configured.keywords)
        made = chunk_vectors(self.chunks, encoder)
        self.vectors = np.concatenate(made)
        self.owner = np.repeat(np.arange(len(made)), [len(rows) for rows in made])
        self.samples = [question for each in self.chunks for question in each.asked]
        self.unanswered = read_unanswered(DOCUMENTS / UNANSWERED_FILE)
        questions = [*self.samples, *self.unanswered]
        self.asked = encoder.encode(questions)
        if len(self.vectors) != len(self.samples):
            raise ValueError("A section of the policies has no sample question: write one in questions.yaml.")
        count = len(self.samples)
        typed = encoder.encode([plain(question) for question in questions])
        self.resemblance = QuestionClassifier(typed[:count], typed[count:]).left_out()

    def signals(self) -> tuple[Rows, NDArray[np.bool_]]:
        """Signals, one row a question, and whether it is answered; sample questions come first."""
        questions = [*self.samples, *self.unanswered]
        rows = [self._row(number, question) for number, question in enumerate(questions)]
        return np.array(rows), np.arange(len(questions)) < len(self.samples)

    def _row(self, number: int, question: str) -> tuple[float, ...]:
        cosines, index = self._cosines(number), self.index
        found = Candidates(
            index.keys,
            cosines,
            cosines,
            index.scores(question),
            index.document_scores(question),
            index.heading_shares(question),
            index.rarity_of(question),
        )
        ranked = rank(found, self.configured.weights)
        best = [self.chunks[index.row_of[key]] for key, _ in ranked[:3]]
        texts = ["\n".join([each.heading, each.text, *(q for q in each.asked if q != question)]) for each in best]
        # The keyword index knows the question, so its evidence would count for nothing.
        seen = Signals(
            float(cosines.max()),
            0.0,
            coverage(question, texts, index),
            float(found.headings.max()),
            float(self.resemblance[number]),
        )
        return astuple(seen)

    def _cosines(self, number: int) -> NDArray[np.float32]:
        every = self.vectors @ self.asked[number]
        if number < len(every):
            every[number] = NOT_FOUND
        nearest = np.full(len(self.chunks), NOT_FOUND, dtype=np.float32)
        np.maximum.at(nearest, self.owner, every)
        return nearest
