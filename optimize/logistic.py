"""Logistic regression over a handful of signals, in numpy alone: what a calibration needs and no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Logistic:
    """Weights in the units of the signals, and the intercept."""

    weights: tuple[float, ...]
    intercept: float

    def probabilities(self, signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of a yes for each row of `signals`."""
        return _sigmoid(signals @ np.array(self.weights) + self.intercept)


def fit_logistic(
    signals: NDArray[np.float64], answers: NDArray[np.bool_], *, shrinkage: float = 0.01, steps: int = 50
) -> Logistic:
    """Fit by Newton's method on standardised signals; yes and no weigh the same however many there are of each.

    Args:
        signals: one row a question.
        answers: whether the answer is yes, one a row; both must occur.
        shrinkage: L2 penalty on the standardised weights.
    """
    middle, spread = signals.mean(axis=0), signals.std(axis=0) + 1e-9
    rows = np.c_[(signals - middle) / spread, np.ones(len(signals))]
    share = answers.mean()
    importance = np.where(answers, 0.5 / share, 0.5 / (1 - share)) / len(answers)
    penalty = np.diag([shrinkage] * signals.shape[1] + [0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(steps):
        guess = _sigmoid(rows @ weights)
        slope = rows.T @ (importance * (guess - answers)) + penalty @ weights
        curve = (rows * (importance * guess * (1 - guess))[:, None]).T @ rows + penalty
        weights -= np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
    scaled = weights[:-1] / spread
    return Logistic(tuple(float(w) for w in scaled), float(weights[-1] - scaled @ middle))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    return probabilities
