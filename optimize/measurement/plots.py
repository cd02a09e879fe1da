"""Plots of what was measured: accuracy against size and latency, calibration curves, calibrated ranges.

Each writes one picture, of the kind that the file's name says. Needs matplotlib, which is imported when one is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shopbot.optimize.measurement.measure import Measured

_SIZE = (7.0, 4.5)
_DOTS = 120
_MARKERS = "oDs^"


def draw_all(measured: Sequence[Measured], folder: Path, kind: str = "png") -> list[Path]:
    """Every plot of `measured` into `folder`, as "png" or "svg"; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        accuracy_against(measured, folder / f"accuracy_size.{kind}", lambda each: each.bytes / 1e6, "size on disk, MB"),
        accuracy_against(
            measured,
            folder / f"accuracy_latency.{kind}",
            lambda each: each.at(1).p50_ms,
            "median latency at batch 1, ms",
        ),
        calibration_curves(measured, folder / f"calibration.{kind}"),
    ]


def accuracy_against(measured: Sequence[Measured], file: Path, cost: Callable[[Measured], float], name: str) -> Path:
    """Accuracy over a cost on a logarithmic axis; up and to the left is better."""
    figure, axes = _figure()
    for number, each in enumerate(measured):
        marker, colour = _MARKERS[number // 10 % len(_MARKERS)], f"C{number % 10}"
        axes.scatter(cost(each), 100 * each.quality.accuracy, marker=marker, color=colour, s=42, label=each.name)
    axes.set(xscale="log", xlabel=name, ylabel="accuracy, %")
    # Beside the plot: names at the dots would lie on each other where engines are alike.
    figure.legend(loc="outside right upper", fontsize=8)
    return _save(figure, axes, file)


def calibration_curves(measured: Sequence[Measured], file: Path) -> Path:
    """Accuracy over confidence, bin by bin; on the diagonal, the confidence can be taken at its word."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    for each in measured:
        label = f"{each.name} (ECE {each.quality.calibration_error:.3f})"
        axes.plot([one.confidence for one in each.curve], [one.accuracy for one in each.curve], marker="o", label=label)
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=8)
    return _save(figure, axes, file)


def calibrated_ranges(ranges: Mapping[str, Mapping[str, tuple[float, float]]], file: Path) -> Path:
    """The range of every activation, one bar a tensor, by calibration method: what a method clips is seen at once.

    Args:
        ranges: by method, then by tensor, as `quantise.read_ranges` gives them.
    """
    tensors = list(next(iter(ranges.values())))
    figure, axes = _figure((7.0, max(2.0, 0.16 * len(tensors) + 1)))
    height = 0.8 / len(ranges)
    for number, (method, own) in enumerate(ranges.items()):
        places = [place + number * height for place in range(len(tensors))]
        lows, highs = [own[name][0] for name in tensors], [own[name][1] for name in tensors]
        widths = [high - low for low, high in zip(lows, highs, strict=True)]
        axes.barh(places, widths, height, left=lows, label=method)
    axes.set_yticks(range(len(tensors)), [name[-40:] for name in tensors], fontsize=5)
    axes.set(xlabel="range of values", xscale="symlog")
    axes.legend(fontsize=8)
    return _save(figure, axes, file)


def _figure(size: tuple[float, float] = _SIZE) -> tuple[Any, Any]:
    # No pyplot: that keeps figures in a global list and looks for a screen.
    from matplotlib.figure import Figure  # type: ignore[import-not-found, unused-ignore]

    figure = Figure(figsize=size, dpi=_DOTS, layout="constrained")
    return figure, figure.subplots()


def _save(figure: Any, axes: Any, file: Path) -> Path:
    axes.grid(alpha=0.3)
    figure.savefig(file)
    return file
