"""How sure search is that the documents answer a question: a logistic model over five signals.

Its weights lie in `calibration.yaml`, fitted by `python -m benchmarks.calibrate_refusal`. They belong to the encoder
and to the way vectors are made: fit them again with either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from shopbot.tools.retrieval.keywords import KeywordIndex
from shopbot.tools.retrieval.words import stems, words

CALIBRATION = Path(__file__).with_name("calibration.yaml")
WORD_LIMIT = 8
"""Longer questions count as this long: what matters is whether there is anything to go by."""


@dataclass(frozen=True)
class Signals:
    """What search found for one question.

    `nearest` is the cosine of the best passage, `neighbourhood` the mean cosine of the ten best, `coverage` the share
    of the question's words (the rarer the heavier) that stand in the three best passages, `words` how many different
    words the question has, and `resemblance` how much it is like the questions that are known to have an answer here
    and unlike those that are known to have none, about -1 to 1 (0 without such lists, see
    `shopbot.tools.retrieval.question_classifier`).
    """

    nearest: float
    neighbourhood: float
    coverage: float
    words: float
    resemblance: float


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


def signals(
    question: str, cosines: Sequence[float], best: Sequence[str], index: KeywordIndex, resemblance: float = 0.0
) -> Signals:
    """What confidence is judged by.

    Args:
        cosines: of the nearest passages, best first.
        best: the texts of the best passages, headings and sample questions included.
        resemblance: to questions that have an answer rather than none.
    """
    asked = set(words(question))
    found = frozenset[str]().union(*(stems(text) for text in best[:3]))
    total = sum(index.rarity(word) for word in asked)
    covered = sum(index.rarity(word) for word in asked & found)
    near = cosines[:10]
    return Signals(
        nearest=near[0] if near else 0.0,
        neighbourhood=_mean(near),
        coverage=covered / total if total else 1.0,
        words=float(min(len(asked), WORD_LIMIT)),
        resemblance=resemblance,
    )


@cache
def calibration(*, guided: bool) -> Calibration:
    """The fitted model: for documents with sample questions, answered and unanswered ones, or for those without."""
    held = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))
    return Calibration.model_validate(held["guided" if guided else "unguided"])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
