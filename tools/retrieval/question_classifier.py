"""Tells questions that the documents answer from those that they do not, by sample questions of both kinds.

Kernel ridge regression on the cosines of their vectors (Rasmussen and Williams, "Gaussian Processes for Machine
Learning", 2006, chapters 2 and 6): a question resembles the kind whose samples lie around it, the nearest most.
Questions are compared as `plain` text: one kind may have been written down with more care than the other, and a
question mark must not pass for a reason.
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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
        return float(_kernel(self._held @ vector) @ self._weights)

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
