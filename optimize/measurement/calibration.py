"""How far a confidence can be believed: reliability by bin, expected calibration error. numpy alone.

Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural Networks".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Bin:
    """Decisions of similar confidence."""

    count: int
    confidence: float
    """Mean of the confidences."""
    accuracy: float
    """Share that was right."""


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 15) -> list[Bin]:
    """Decisions in `bins` intervals of equal width, (a, b], the first with 0; empty ones are left out.

    Args:
        confidence: 0 to 1, one a decision.
        right: whether it was right, one a decision.
    """
    sure, good = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if sure.shape != good.shape or sure.ndim != 1:
        raise ValueError(f"{sure.shape} confidences for {good.shape} decisions: there must be one for each")
    if len(sure) and not (sure.min() >= 0 and sure.max() <= 1):
        raise ValueError(f"confidences run from {sure.min():.3g} to {sure.max():.3g}; they are probabilities, 0 to 1")
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    inside = [place == each for each in range(bins)]
    return [Bin(int(own.sum()), float(sure[own].mean()), float(good[own].mean())) for own in inside if own.any()]


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = 15) -> float:
    """Mean over decisions of |accuracy - confidence| of their bin; 0 for none."""
    curve = reliability(confidence, right, bins)
    total = sum(each.count for each in curve)
    return sum(each.count * abs(each.accuracy - each.confidence) for each in curve) / max(total, 1)
