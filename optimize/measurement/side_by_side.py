"""Measured engines as rows of text: for the terminal, for a model card, for a README."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shopbot.optimize.measurement.measure import Measured

ROWS: tuple[tuple[str, Callable[[Measured], str]], ...] = (
    ("accuracy, %", lambda each: f"{100 * each.quality.accuracy:.2f}"),
    ("weighted F1, %", lambda each: f"{100 * each.quality.weighted_f1:.2f}"),
    ("all arguments right, %", lambda each: _share(each.quality.arguments_exact)),
    ("expected calibration error", lambda each: f"{each.quality.calibration_error:.3f}"),
    ("parameters, millions", lambda each: f"{each.parameters / 1e6:.2f}"),
    ("size on disk, MB", lambda each: f"{each.bytes / 1e6:.2f}"),
    ("times smaller", lambda each: f"{each.compression:.2f}"),
    ("MFLOPs a decision", lambda each: f"{each.flops / 1e6:.1f}"),
    ("latency at batch 1, ms, p50 / p95", lambda each: _times(each, 1)),
    ("latency at batch 32, ms, p50 / p95", lambda each: _times(each, 32)),
    ("times faster at batch 1", lambda each: f"{each.speedup:.2f}"),
    ("load, ms", lambda each: f"{each.load_ms:.0f}"),
    ("memory above the interpreter, MB", lambda each: f"{each.memory_mb:.0f}"),
)
"""What is shown of an engine, and how."""
_SIDE_BY_SIDE = 5


def rows_of(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """One row a figure, its name first, then each engine's."""
    return [(name, *(show(each) for each in measured)) for name, show in ROWS]


def markdown(measured: Sequence[Measured]) -> str:
    """A Markdown table, one column an engine; of more than fit side by side, one row an engine."""
    lines = [("", *(each.name for each in measured)), *rows_of(measured)]
    if len(measured) > _SIDE_BY_SIDE:
        lines = list(zip(*lines, strict=True))
    lines.insert(1, ("---",) * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _times(each: Measured, batch: int) -> str:
    latency = each.at(batch)
    return f"{latency.p50_ms:.2f} / {latency.p95_ms:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"
