"""`shopbot optimize quantise`, `prune`, `factorise`: one technique on one engine, into a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from shopbot.apps.optimize.terminal import expected_failures, need_extra, note_command, read_file, training_bar

if TYPE_CHECKING:
    from shopbot.engines.recording.trace_format import Trace
    from shopbot.optimize.config import PruneConfig, RetrainConfig

_TORCH = ("torch", "transformers", "onnx", "onnxscript")


def retraining(
    epochs: int, lora: int, rate: float, seed: int, threads: int, *, quantisation_aware: bool = False
) -> RetrainConfig | None:
    """How to retrain; None for not at all. The options of the same names."""
    from shopbot.optimize.config import RetrainConfig, Schedule

    if not epochs:
        return None
    need_extra(*_TORCH, *(["peft"] if lora else []))
    schedule = Schedule(epochs=epochs, rate=rate, seed=seed, half=True)
    return RetrainConfig(lora=lora, quantisation_aware=quantisation_aware, threads=threads, schedule=schedule)


def run_quantise(
    folder: Path,
    to: Path,
    way: str,
    traces: Path | None,
    method: Any,
    plots: Path | None,
    before: RetrainConfig | None,
    teachers: Sequence[Path],
) -> None:
    """Quantise the engine in `folder` into `to`, retrained `before`, if at all, with rounded weights."""
    need_extra("onnx")
    with expected_failures():
        from shopbot.optimize.folders.quantise import RANGES, quantise_folder

        decisions, source = read_file(traces) if traces else [], folder
        if before:
            source = _retrained(folder, to.with_name(f"{to.name}.retrained"), decisions, before, teachers)
        quantise_folder(source, to, way, decisions, method)
        if before:
            shutil.rmtree(source)
        if plots and (to / RANGES).exists():
            from shopbot.optimize.compression.quantise import read_ranges
            from shopbot.optimize.measurement.plots import calibrated_ranges

            plots.mkdir(parents=True, exist_ok=True)
            typer.echo(str(calibrated_ranges({method: read_ranges(to / RANGES)}, plots / "ranges.png")))
    _report(folder, to)


def run_prune(
    folder: Path, to: Path, traces: Path, config: PruneConfig, after: RetrainConfig | None, teachers: Sequence[Path]
) -> None:
    """Prune the engine in `folder` into `to`."""
    need_extra(*_TORCH)
    with expected_failures():
        from shopbot.optimize.folders.pruning import prune_folder

        decisions = read_file(traces)
        with training_bar() as on_step:
            prune_folder(folder, to, config, decisions, after, teachers=teachers, on_step=on_step)
    _report(folder, to)


def run_factorise(
    folder: Path,
    to: Path,
    traces: Path,
    rank: int | None,
    energy: float | None,
    embedding: bool,
    after: RetrainConfig | None,
    teachers: Sequence[Path],
) -> None:
    """Factorise the engine in `folder` into `to`."""
    need_extra(*_TORCH)
    with expected_failures():
        from shopbot.optimize.folders.pruning import factorise_folder

        decisions = read_file(traces)
        with training_bar() as on_step:
            ranks = factorise_folder(
                folder,
                to,
                decisions,
                after,
                rank=rank,
                energy=energy,
                embedding=embedding,
                teachers=teachers,
                on_step=on_step,
            )
        if not ranks:
            typer.echo("no matrix gets smaller at that rank or energy: nothing was factorised", err=True)
    _report(folder, to)


def _retrained(
    folder: Path, to: Path, decisions: Sequence[Trace], config: RetrainConfig, teachers: Sequence[Path]
) -> Path:
    from shopbot.optimize.folders.pruning import retrain_folder

    if not decisions:
        raise ValueError("quantisation-aware training needs decisions to learn from: give --traces, or no --retrain")
    with training_bar() as on_step:
        retrain_folder(folder, to, decisions, config, teachers=teachers, on_step=on_step)
    return to


def _report(folder: Path, to: Path) -> None:
    from shopbot.optimize.measurement.measure import deployed_bytes

    note_command(to)
    before, after = deployed_bytes(folder), deployed_bytes(to)
    typer.echo(f"{to}: {after / 1e6:.1f} MB, {before / after:.2f} x smaller than {folder} ({before / 1e6:.1f} MB)")
