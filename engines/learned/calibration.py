"""Calibrated confidence: one temperature for all logits, fitted on decisions that were not trained on. Needs numpy.

Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.probabilities import softmax

_GRID = np.exp(np.linspace(np.log(0.25), np.log(8.0), 81))


def fit_temperature(logits: NDArray[np.float32], labels: Sequence[int]) -> float:
    """The temperature at which the labels are most likely, between 1/4 and 8.

    Args:
        logits: (decisions, labels).
        labels: the right one of each decision.
    """
    rows = np.arange(len(labels))
    truth = np.asarray(labels)

    def surprise(temperature: float) -> float:
        return float(-np.log(softmax(logits.astype(np.float64), temperature)[rows, truth] + 1e-12).mean())

    return float(min(_GRID, key=surprise))
