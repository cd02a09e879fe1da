"""Quantise a learned engine's folder: the graph alone changes; tokenizer and description are copied. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from shopbot.engines.learned.folder import CARD, GRAPH, WEIGHTS, copy_folder, need, read_description, write_description
from shopbot.engines.learned.predict import Feed, Predictor
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.compression import quantise
from shopbot.optimize.config import CalibrationMethod

RANGES = "ranges.json"
"""What calibration saw, kept beside the graph, to be inspected."""
_CALIBRATED_ON = 256
_AT_ONCE = 8

_SIMPLE: dict[str, Callable[[Path, Path], object]] = {
    "dynamic": quantise.dynamic_int8,
    "weights8": lambda source, target: quantise.weights_only(source, target, bits=8),
    "weights4": lambda source, target: quantise.weights_only(source, target, bits=4),
    "float16": lambda source, target: quantise.half(source, target, "float16"),
    "bfloat16": lambda source, target: quantise.half(source, target, "bfloat16"),
    "table": quantise.int8_table,
}
WAYS = (*_SIMPLE, "static")


def quantise_folder(
    source: Path, target: Path, way: str = "dynamic", traces: Sequence[Trace] = (), method: CalibrationMethod = "minmax"
) -> None:
    """Quantise the graph of `source` into `target`.

    Args:
        way: one of `WAYS`.
        traces: real decisions to calibrate on, which "static" needs.
        method: how calibration sets the ranges.

    Raises:
        ValueError: the way is unknown, or static and without traces.
    """
    if way not in WAYS:
        raise ValueError(f"{way!r} is no way to quantise; there are {', '.join(WAYS)}")
    if way == "static" and not traces:
        raise ValueError("static quantisation needs real decisions to calibrate on: give a file of traces")
    graph = need(source, GRAPH)
    if target.resolve() == source.resolve():
        raise ValueError(f"{target} is the engine itself: write to another folder, so that the two can be compared")
    copy_folder(source, target, without=(GRAPH, WEIGHTS, CARD))
    if way == "static":
        quantise.calibrate(graph, calibration_feeds(source, traces), target / RANGES, method)
        quantise.static_int8(graph, target / GRAPH, target / RANGES)
    else:
        _SIMPLE[way](graph, target / GRAPH)
    step = f"quantise {way} {method}" if way == "static" else f"quantise {way}"
    write_description(target, read_description(source).after(step, metrics={}))


def calibration_feeds(folder: Path, traces: Sequence[Trace]) -> list[Feed]:
    """Up to 256 evenly spread decisions as batches of eight, of similar length so that padding does not count."""
    predictor = Predictor(folder)
    some = sorted(
        traces[:: max(len(traces) // _CALIBRATED_ON, 1)], key=lambda trace: sum(len(text) for _, text in trace.context)
    )
    return [
        predictor.feed([trace.context for trace in some[start : start + _AT_ONCE]])
        for start in range(0, len(some), _AT_ONCE)
    ]
