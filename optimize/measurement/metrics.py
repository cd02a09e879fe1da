"""How well a learned engine does on recorded decisions, through the very graph that runs. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shopbot.engines.learned.encoding import canonical
from shopbot.engines.learned.predict import Prediction, Predictor
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.measurement.calibration import expected_calibration_error


@dataclass(frozen=True)
class Metrics:
    """What was measured.

    Attributes:
        decisions: how many.
        accuracy: share of choices that are the recorded ones.
        weighted_f1: F1 of each action, weighted by how often it was chosen.
        calibration_error: expected, 15 bins.
        arguments_exact: share of rightly chosen actions with arguments of which all are right; None without any.
    """

    decisions: int
    accuracy: float
    weighted_f1: float
    calibration_error: float
    arguments_exact: float | None

    def as_dict(self) -> dict[str, Any]:
        """The metrics by name, as JSON can hold them."""
        return asdict(self)


def evaluate(folder: Path, traces: Sequence[Trace], threads: int = 1) -> Metrics:
    """Measure the engine in `folder`.

    Raises:
        FolderError: a file of the folder is missing.
        ValueError: there are no decisions.
    """
    if not traces:
        raise ValueError("there are no decisions to measure on: name a file that has some")
    predictor = Predictor(folder, threads)
    return measure(traces, [predictor.predict(trace.context, trace.allowed) for trace in traces])


def measure(traces: Sequence[Trace], predictions: Sequence[Prediction]) -> Metrics:
    """Metrics of predictions, one a trace and in the same order."""
    truth = [trace.choice or "" for trace in traces]
    chosen = [prediction.choice or "" for prediction in predictions]
    right = np.array([one == other for one, other in zip(truth, chosen, strict=True)])
    confidence = np.array([prediction.confidence for prediction in predictions])
    exact = [
        _same(trace.args, prediction.args)
        for trace, prediction, hit in zip(traces, predictions, right, strict=True)
        if hit and trace.args
    ]
    return Metrics(
        decisions=len(traces),
        accuracy=float(right.mean()),
        weighted_f1=weighted_f1(truth, chosen),
        calibration_error=expected_calibration_error(confidence, right),
        arguments_exact=sum(exact) / len(exact) if exact else None,
    )


def weighted_f1(truth: Sequence[str], chosen: Sequence[str]) -> float:
    """F1 of each class of the truth, weighted by its share of the truth (scikit-learn's `average="weighted"`)."""
    total = 0.0
    for label in set(truth):
        both = sum(one == other == label for one, other in zip(truth, chosen, strict=True))
        relevant = sum(each == label for each in truth)
        total += relevant * 2 * both / (relevant + sum(each == label for each in chosen))
    return total / len(truth)


def _same(truth: dict[str, Any] | Any, read: dict[str, Any]) -> bool:
    """Whether the arguments are the same, letters' case aside."""
    return {name: canonical(value).lower() for name, value in truth.items()} == {
        name: canonical(value).lower() for name, value in read.items()
    }
