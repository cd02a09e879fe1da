"""How likely the planner's reading of a message is right: a calibrated probability from what the reader says.

The reader's own probabilities are too sure of themselves. Their product over all acts and values is calibrated by a
logistic function of its log-odds (Platt 1999, "Probabilistic outputs for support vector machines") whose two numbers
`shopbot optimize cascade --fit` finds on labelled messages; without its file there is no confidence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from shopbot.engines.shopbot.reader import Reading

CALIBRATION = Path(__file__).with_name("confidence.json")
SIGNALS = ("joint",)
_TINY = 1e-4
"""Keeps log-odds finite; the reader rounds its probabilities to as many digits."""


def signals_of(reading: Reading) -> list[float]:
    """What the confidence is made of, in the order of `SIGNALS`: the log-odds that every act and every value is right,
    taken as independent of each other."""
    joint = math.prod(max(score, 1 - score) for score in reading.acts.values())
    joint *= math.prod(span.score for span in reading.spans)
    return [math.log((joint + _TINY) / (1 - joint + _TINY))]


def confidence_of(reading: Reading) -> float | None:
    """The probability, from 0 to 1, that every act and value in the message was read right; None: not calibrated."""
    found = calibrated([signals_of(reading)])
    return None if found is None else round(found[0], 4)


def calibrated(rows: Sequence[Sequence[float]], file: Path = CALIBRATION) -> list[float] | None:
    """The probability for each row of signals; None when there is no calibration for these signals."""
    calibration = _load(file)
    if calibration is None or len(calibration[0]) != len(SIGNALS):
        return None
    weights, intercept = calibration
    odds = (sum(weight * signal for weight, signal in zip(weights, row, strict=True)) + intercept for row in rows)
    return [1 / (1 + math.exp(-max(-50.0, min(50.0, each)))) for each in odds]


@cache
def _load(file: Path) -> tuple[tuple[float, ...], float] | None:
    if not file.is_file():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    return tuple(found["weights"]), found["intercept"]
