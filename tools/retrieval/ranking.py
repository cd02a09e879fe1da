"""Ranks what was found by meaning and by words: every candidate is scored exactly by both, and the scores are summed.

Unlike a fusion of ranks, a sum of scores knows how weak a match is. Its weights lie in `search.yaml`, fitted by
`python -m benchmarks.fit_ranking`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

SEARCH_FILE = Path(__file__).with_name("search.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(_Strict):
    """What each kind of evidence counts beside the cosine, whose weight is 1; `context` is a share of that."""

    context: float = Field(ge=0, le=1)
    passage: float = Field(ge=0)
    document: float = Field(ge=0)
    heading: float = Field(ge=0)


class Keywords(_Strict):
    """Parameters of BM25."""

    k1: float = Field(ge=0)
    b: float = Field(ge=0, le=1)
    heading_repeats: int = Field(ge=0, le=10)


class Quote(_Strict):
    """How the sentences that answer are chosen (`shopbot.tools.retrieval.sentences.answer_among`)."""

    words: float = Field(ge=0, description="of the share of the question's words, beside the cosine")
    margin: float = Field(ge=0)


class SearchConfiguration(_Strict):
    """What `search.yaml` holds."""

    weights: Weights
    candidates: int = Field(ge=1, le=1000)
    rerank: int = Field(20, ge=1, le=200, description="passages that a cross-encoder reads, where there is one")
    keywords: Keywords
    quote: Quote


@dataclass(frozen=True)
class Candidates:
    """What was found for a question, with all that it is ranked by; every array has shape (candidates,).

    `cosines` are of the nearest vector of a passage and the nearest sentence of the question, `contexts` those of the
    passage amid its neighbours; `passages` and `documents` are BM25 scores of the passage, by that sentence of the
    question that has the highest, and of its whole document; `headings` is the share of the question that stands in the
    headings. `rarity` is that of the question's words, summed.
    """

    keys: Sequence[str]
    cosines: NDArray[np.float32]
    contexts: NDArray[np.float32]
    passages: NDArray[np.float32]
    documents: NDArray[np.float32]
    headings: NDArray[np.float32]
    rarity: float

    def evidence(self, weights: Weights) -> NDArray[np.float32]:
        """The weighted sum of it all; shape (candidates,)."""
        # BM25 is at most the rarity of the words, so by its root a longer message has more of it, but not as much more.
        worded = (weights.passage * self.passages + weights.document * self.documents) / self._root
        meant = (1 - weights.context) * self.cosines + weights.context * self.contexts
        evidence: NDArray[np.float32] = meant + worded + weights.heading * self.headings
        return evidence

    def most(self, weights: Weights) -> float:
        """The evidence that no candidate can surpass."""
        return 1 + (weights.passage + weights.document) * self._root + weights.heading

    @property
    def _root(self) -> float:
        return math.sqrt(max(self.rarity, 1e-6))


def rank(found: Candidates, weights: Weights) -> list[tuple[str, float]]:
    """The keys of the candidates with their evidence, best first."""
    evidence = found.evidence(weights)
    return [(found.keys[row], float(evidence[row])) for row in np.argsort(-evidence, kind="stable")]


@cache
def search_configuration() -> SearchConfiguration:
    """The configuration that ships."""
    return SearchConfiguration.model_validate(yaml.safe_load(SEARCH_FILE.read_text(encoding="utf-8")))
