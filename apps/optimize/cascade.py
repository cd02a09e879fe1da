"""`shopbot optimize cascade`: choose the confidence from which on a cheap engine is believed, on data."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopbot.apps.options import Data
from shopbot.engines.cascade.thresholds import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbot.optimize.cascade import Decisions, Point

PLANNER = "planner"


def cascade(
    traces: Annotated[
        list[Path] | None,
        typer.Option(help="recorded decisions (JSON lines, .gz or plain); default: labelled messages"),
    ] = None,
    engine: Annotated[str, typer.Option(help="the cheap engine, as the traces name it")] = PLANNER,
    expensive: Annotated[str, typer.Option(help="the expensive engine, as the traces name it")] = "",
    expensive_accuracy: Annotated[
        float, typer.Option(min=0, max=1, help="how often it is right, if no trace says")
    ] = 0.97,
    expensive_cost: Annotated[float, typer.Option(min=0, help="US dollars a decision")] = 0.002,
    expensive_seconds: Annotated[float, typer.Option(min=0, help="seconds a decision")] = 1.5,
    cheap_cost: Annotated[float, typer.Option(min=0, help="US dollars a decision of the cheap engine")] = 0.0,
    cheap_seconds: Annotated[float, typer.Option(min=0, help="seconds a decision of the cheap engine")] = 0.01,
    loss: Annotated[float, typer.Option(min=0, max=1, help="accuracy that may be given up for a lower cost")] = 0.005,
    count: Annotated[int, typer.Option(min=100, help="labelled messages, without traces")] = 4000,
    fit: Annotated[bool, typer.Option("--fit", help="first fit the planner's confidence on labelled messages")] = False,
    into: Annotated[Path | None, typer.Option(help="file of thresholds to write; default the shipped one")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG of the curve; needs matplotlib")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the curve as JSON")] = False,
    data: Data = None,
) -> None:
    """Draw accuracy against cost of a cascade, choose the threshold, and write it down (with --data, there)."""
    from shopbot.engines.recording.trace_format import TraceError
    from shopbot.optimize.cascade import Tier, cascade_curve, choose_point, table_of, write_thresholds

    try:
        if fit:
            typer.echo(_fit(count), err=True)
        decisions, accuracy = _from_traces(traces, engine, expensive) if traces else (_labelled("dev", count), None)
        points = cascade_curve(
            decisions,
            Tier(cheap_cost, cheap_seconds, float(decisions.right.mean())),
            Tier(expensive_cost, expensive_seconds, expensive_accuracy if accuracy is None else accuracy),
        )
    except (TraceError, ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    chosen = choose_point(points, loss)
    if not traces:
        # Chosen on the wordings that tune the planner; what it is worth is seen on those that test it.
        decisions = _labelled("test", count)
        typer.echo(_seen(decisions, chosen.threshold, expensive_accuracy), err=True)
    into = into or (data / "cascade.json" if data else SHIPPED)
    write_thresholds(into, engine, chosen, decisions)
    if plot is not None:
        _draw(points, chosen, plot)
    if as_json:
        typer.echo(json.dumps({"chosen": asdict(chosen), "curve": [asdict(point) for point in points]}))
    else:
        typer.echo(f"{table_of(points, chosen)}\n\n{engine}: threshold {chosen.threshold:.4f}, written to {into}")


def _from_traces(files: list[Path], engine: str, expensive: str) -> tuple[Decisions, float | None]:
    from shopbot.engines.recording.trace_format import read_traces
    from shopbot.optimize.cascade import accuracy_in, decisions_in

    rows = [trace for file in files for trace in read_traces(file)]
    return decisions_in(rows, engine), accuracy_in(rows, expensive) if expensive else None


def _labelled(split: str, count: int) -> Decisions:
    """The planner's readings of generated messages whose wordings it was not trained on."""
    import numpy as np

    from shopbot.engines.shopbot.model import calibrated
    from shopbot.optimize.cascade import Decisions

    signals, right = _read(split, count)
    confidence = calibrated(signals)
    if confidence is None:
        raise ValueError("The planner's confidence is not calibrated: run shopbot optimize cascade --fit.")
    return Decisions(np.array(confidence), np.array(right))


def _seen(decisions: Decisions, threshold: float, expensive_accuracy: float) -> str:
    """What the threshold is worth on other messages than those it was chosen on."""
    believed = decisions.confidence >= threshold
    share = float(believed.mean())
    kept = float(decisions.right[believed].mean()) if believed.any() else 0.0
    whole = share * kept + (1 - share) * expensive_accuracy
    told = f"{1 - share:.1%} passed on, {kept:.1%} of the rest right, {whole:.1%} in all"
    return f"on {len(believed)} other messages: {told}"


def _fit(count: int) -> str:
    """Fit the planner's confidence on the split that tunes it, and say how well it holds on the one that tests it."""
    import numpy as np

    from shopbot.engines.shopbot.model import CALIBRATION, SIGNALS
    from shopbot.optimize.cascade import fit_confidence
    from shopbot.optimize.measurement.calibration import expected_calibration_error

    fitted = fit_confidence(*(np.array(part) for part in _read("dev", count)))
    signals, right = _read("test", count)
    sure = fitted.probabilities(np.array(signals))
    error = expected_calibration_error(sure, right)
    content = {
        "signals": SIGNALS,
        "weights": [round(weight, 6) for weight in fitted.weights],
        "intercept": round(fitted.intercept, 6),
        "fitted_on": count,
        "right": round(float(np.mean(right)), 4),
        "ece": round(error, 4),
    }
    CALIBRATION.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return f"confidence fitted on {count} messages; calibration error on {count} others {error:.3f}: {CALIBRATION}"


def _read(split: str, count: int) -> tuple[list[list[float]], list[bool]]:
    """The signals of the planner's readings of a split, and whether each was exactly right."""
    from shopbot.engines.shopbot.model import signals_of
    from shopbot.engines.shopbot.reader import Reader
    from shopbot.optimize.shopbot.conversations.corpus import examples

    reader = Reader()
    signals, right = [], []
    for example in examples(split, count, 1):
        reading = reader.read(example.context, example.message)
        found = {(span.kind, span.text.strip(_MARKS)) for span in reading.spans}
        wanted = {(kind, example.message[start:end].strip(_MARKS)) for start, end, kind in example.spans}
        signals.append(signals_of(reading))
        right.append(reading.performed == set(example.acts) and found == wanted)
    return signals, right


_MARKS = " .,;:!?#"
"""Around a value they make no difference to what it means."""


def _draw(points: Sequence[Point], chosen: Point, file: Path) -> None:
    from shopbot.optimize.cascade import draw_curve

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draw_curve(points, chosen, file)
    except ModuleNotFoundError as missing:
        typer.echo(f"There is no plot without {missing.name}: pip install 'shopbot[optimize]'.", err=True)
        raise typer.Exit(1) from None
