"""Logits to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities along the last axis, which sum to one."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def sigmoid(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> NDArray[np.float64]:
    """The probability that each logit stands for, whatever the others are."""
    scaled = np.clip(np.asarray(logits, dtype=np.float64) / temperature, -50.0, 50.0)
    return np.asarray(1 / (1 + np.exp(-scaled)))
