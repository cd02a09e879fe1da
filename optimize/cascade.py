"""From which confidence on a cheap engine is believed: accuracy and cost of a cascade at every threshold.

A cascade answers with the cheap engine where its confidence reaches the threshold and asks the expensive one
elsewhere (Chen, Zaharia & Zou 2023, "FrugalGPT", arXiv:2305.05176; Viola & Jones 2001 for the idea). What is counted:
whether an answer is right, what it costs in money and how long it takes. numpy alone; plots need matplotlib.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.logistic import Logistic, fit_logistic
from shopbot.optimize.measurement.calibration import expected_calibration_error

_GOOD = ("accepted", "replied")


@dataclass(frozen=True)
class Decisions:
    """What the cheap engine decided, one entry a decision.

    `confidence` 0 to 1; `right` whether it was; `expert_right` whether the expensive engine was on the very same, or
    None when that is not known.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    expert_right: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Tier:
    """An engine's price of one decision in US dollars, its time in seconds, and how often it is right."""

    cost: float
    seconds: float
    accuracy: float


@dataclass(frozen=True)
class Point:
    """A cascade at one threshold: the share passed on, how often the whole is right, and the mean cost and time."""

    threshold: float
    passed_on: float
    accuracy: float
    cost: float
    seconds: float


def cascade_curve(decisions: Decisions, cheap: Tier, expensive: Tier) -> list[Point]:
    """A point for every confidence that occurs, from believing all to believing none (threshold above them all).

    The cheap engine is always asked, so its cost and time are part of every decision. Where it is not known whether
    the expensive engine would have been right, its mean accuracy counts.

    Raises:
        ValueError: no decisions, or not one entry each.
    """
    count = len(decisions.confidence)
    if not count or count != len(decisions.right):
        raise ValueError(f"{count} confidences for {len(decisions.right)} decisions: there must be one each, and some")
    order = np.argsort(-decisions.confidence, kind="stable")
    sure = decisions.confidence[order]
    right = decisions.right[order].astype(np.float64)
    expert = np.full(count, expensive.accuracy)
    if decisions.expert_right is not None:
        expert = decisions.expert_right[order].astype(np.float64)
    believed = np.concatenate([[0.0], np.cumsum(right)])
    handed = np.concatenate([np.cumsum(expert[::-1])[::-1], [0.0]])
    # Equal confidences fall on one side together: only places where the confidence changes are thresholds.
    places = [0, *(np.flatnonzero(np.diff(sure)) + 1), count]
    points = []
    for place in places:
        share = 1 - place / count
        points.append(
            Point(
                threshold=float(sure[place - 1]) if place else float(np.nextafter(sure[0], 2.0)),
                passed_on=share,
                accuracy=float(believed[place] + handed[place]) / count,
                cost=cheap.cost + share * expensive.cost,
                seconds=cheap.seconds + share * expensive.seconds,
            )
        )
    return points[::-1]


def choose_point(points: Sequence[Point], loss: float = 0.005) -> Point:
    """The cheapest point that is right at most `loss` less often than the best one."""
    least = max(point.accuracy for point in points) - loss
    return min((p for p in points if p.accuracy >= least - 1e-12), key=lambda p: (p.passed_on, -p.accuracy))


def decisions_in(traces: Iterable[Trace], engine: str) -> Decisions:
    """The decisions of `engine` in recorded traces; right is what the gate let act, or what was a plain reply.

    Raises:
        ValueError: the traces hold no decision of it with a score.
    """
    rows = [(trace.score, trace.outcome in _GOOD) for trace in traces if trace.engine == engine]
    scored = [(score, right) for score, right in rows if score is not None]
    if not scored:
        raise ValueError(
            f"The traces hold no decision of {engine!r} with a score: record some with that engine, or name another."
        )
    return Decisions(np.array([score for score, _ in scored]), np.array([right for _, right in scored]))


def accuracy_in(traces: Iterable[Trace], engine: str) -> float | None:
    """How often the choices of `engine` held in recorded traces; None when there are none."""
    outcomes = [trace.outcome in _GOOD for trace in traces if trace.engine == engine]
    return sum(outcomes) / len(outcomes) if outcomes else None


def fit_confidence(signals: NDArray[np.float64], right: NDArray[np.bool_]) -> Logistic:
    """A logistic regression from an engine's signals to the probability that it is right.

    `fit_logistic` weighs right and wrong the same; the intercept is moved back to how often each occurs (King & Zeng
    2001, "Logistic Regression in Rare Events Data", prior correction), so that the result is calibrated.
    """
    fitted = fit_logistic(signals, right)
    share = float(np.mean(right))
    return Logistic(fitted.weights, fitted.intercept + float(np.log(share / (1 - share))))


def table_of(points: Sequence[Point], chosen: Point, rows: int = 12) -> str:
    """Some points of the curve as a Markdown table, the chosen one in bold."""
    places = np.unique(np.linspace(0, len(points) - 1, rows).round().astype(int))
    shown = sorted({chosen, *(points[place] for place in places)}, key=lambda point: point.threshold)
    lines = ["| threshold | passed on | right | $ a decision | s a decision |", "|---|---|---|---|---|"]
    for point in shown:
        cells = [
            f"{point.threshold:.4f}",
            f"{point.passed_on:.1%}",
            f"{point.accuracy:.2%}",
            f"{point.cost:.6f}",
            f"{point.seconds:.3f}",
        ]
        lines.append("| " + " | ".join(f"**{cell}**" if point == chosen else cell for cell in cells) + " |")
    return "\n".join(lines)


def draw_curve(points: Sequence[Point], chosen: Point, file: Path) -> None:
    """Accuracy over cost as a PNG; the chosen threshold is marked."""
    # No pyplot: that keeps figures in a global list and looks for a screen.
    from matplotlib.figure import Figure  # type: ignore[import-not-found, unused-ignore]

    figure = Figure(figsize=(7.0, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.plot([1000 * p.cost for p in points], [100 * p.accuracy for p in points], linewidth=1.5)
    axes.scatter([1000 * chosen.cost], [100 * chosen.accuracy], zorder=3)
    axes.annotate(
        f"threshold {chosen.threshold:.3f}, {chosen.passed_on:.0%} passed on",
        (1000 * chosen.cost, 100 * chosen.accuracy),
        xytext=(8, -14),
        textcoords="offset points",
    )
    axes.set(xlabel="$ for 1,000 decisions", ylabel="right, %")
    axes.grid(alpha=0.3)
    figure.savefig(file)


def write_thresholds(file: Path, engine: str, chosen: Point, decisions: Decisions) -> None:
    """Write the file that a cascade reads, with what was measured; thresholds of other engines in it stay."""
    earlier = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    thresholds = {"others": 0.9, **earlier.get("thresholds", {}), engine: chosen.threshold}
    error = expected_calibration_error(decisions.confidence, decisions.right)
    measured = {
        **earlier.get("measured", {}),
        engine: {"decisions": len(decisions.right), "ece": error, **asdict(chosen)},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"thresholds": thresholds, "measured": measured}, indent=1) + "\n", encoding="utf-8")
