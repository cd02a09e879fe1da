"""How sure search is that the documents answer a question: a logistic model over what was found.

Its weights lie in `calibration.yaml`, fitted by `python -m benchmarks.calibrate_refusal`. They belong to the encoder
and to the way vectors are made: fit them again with either. One of its signals, where there are sample questions of
both kinds, is whether the question is more like those that the documents answer: kernel ridge regression on the cosines
of their vectors (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, chapters 2 and 6). Questions
are compared as `plain` text: one kind may have been written down with more care than the other, and a question mark
must not pass for a reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from shopbot.engines.embedding import cosines
from shopbot.tools.retrieval.keywords import KeywordIndex, stems, words

CALIBRATION = Path(__file__).with_name("calibration.yaml")


@dataclass(frozen=True)
class Signals:
    """What search found for one question.

    `nearest` is the cosine of the best passage, `evidence` the most that a passage has of all that is ranked by
    (`shopbot.tools.retrieval.ranking`), `coverage` the share of the question's words (the rarer the heavier) that stand
    in the three best passages, `heading` the most of it that stands in the headings of one, and `resemblance` how much
    it is like the questions that are known to have an answer here and unlike those that are known to have none, about
    -1 to 1 (0 without such lists).
    """

    nearest: float
    evidence: float
    coverage: float
    heading: float
    resemblance: float = 0.0


class Calibration(BaseModel):
    """Weights of the logistic model in the order of `Signals`, and the least confidence that is an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: tuple[float, float, float, float, float]
    intercept: float
    minimum: float

    def confidence(self, signals: Signals) -> float:
        """Probability, from 0 to 1, that the documents answer the question."""
        logit = self.intercept + sum(w * s for w, s in zip(self.weights, astuple(signals), strict=True))
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))


def coverage(question: str, best: Sequence[str], index: KeywordIndex) -> float:
    """The share of the words of `question` that stand in the texts of the `best` passages, from 0 to 1."""
    asked = set(words(question))
    found = frozenset[str]().union(*(stems(text) for text in best))
    total = sum(index.rarity(word) for word in asked)
    return sum(index.rarity(word) for word in asked & found) / total if total else 1.0


@cache
def calibration(*, guided: bool) -> Calibration:
    """The fitted model: for documents with sample questions, answered and unanswered ones, or for those without."""
    held = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))
    return Calibration.model_validate(held["guided" if guided else "unguided"])


Vectors = NDArray[np.float32]
Numbers = NDArray[np.float64]

WIDTH = 1.5
"""Of the kernel exp(WIDTH * (cosine - 1))."""
NOISE = 0.1
"""How far a sample question may lie on the wrong side, in the kernel's units; both kinds weigh the same together."""

_APOSTROPHE = re.compile(r"['’]")
_MARK = re.compile(r"[^\w$%]+")


def plain(question: str) -> str:
    """The question as one types it in haste: lower case, without apostrophes and punctuation."""
    return _MARK.sub(" ", _APOSTROPHE.sub("", question.lower())).strip()


class QuestionClassifier:
    """Kernel ridge regression over unit vectors of `plain` questions, one a row; fitted at first use (0.2 s).

    Args:
        answered: questions that the documents answer, shape (n, d).
        unanswered: questions that they do not answer, shape (m, d).

    Raises:
        ValueError: there are none of one kind.
    """

    def __init__(self, answered: Vectors, unanswered: Vectors) -> None:
        if not len(answered) or not len(unanswered):
            raise ValueError(f"{len(answered)} answered and {len(unanswered)} unanswered questions: give some of each.")
        self._held = np.concatenate([answered, unanswered])
        self._kind = np.array([1.0] * len(answered) + [-1.0] * len(unanswered))
        share = np.where(self._kind > 0, 0.5 / len(answered), 0.5 / len(unanswered))
        self._noise = NOISE / (share * len(self._kind))

    def resemblance(self, vector: Vectors) -> float:
        """About 1 for a question like those that are answered, about -1 for one like the others; shape (d,)."""
        return float(_kernel(cosines(self._held, vector)) @ self._weights)

    def left_out(self) -> Numbers:
        """The resemblance of each question, answered ones first, to all the others (section 5.4.2); shape (n + m,)."""
        inverse = np.linalg.inv(self._matrix)
        left: Numbers = self._kind - inverse @ self._kind / np.diag(inverse)
        return left

    @property
    def _matrix(self) -> Numbers:
        matrix: Numbers = _kernel(self._held @ self._held.T) + np.diag(self._noise)
        return matrix

    @cached_property
    def _weights(self) -> Numbers:
        weights: Numbers = np.linalg.solve(self._matrix, self._kind)
        return weights


def _kernel(cosines: Vectors) -> Numbers:
    kernel: Numbers = np.exp(WIDTH * (cosines.astype(np.float64) - 1))
    return kernel
