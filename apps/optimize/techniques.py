"""`shopbot optimize quantise`, `prune`, `factorise`: one technique on one engine, into a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from shopbot.apps.optimize.terminal import expected_failures, need_extra, note_command, read_file, training_bar

if TYPE_CHECKING:
    from shopbot.optimize.folders.retrain import Recovery

_TORCH = ("torch", "transformers", "onnx", "onnxscript")


@dataclass(frozen=True)
class After:
    """The training that follows a cut; the options of the same names."""

    epochs: int
    lora: int
    rate: float
    seed: int
    threads: int
    teachers: list[Path]

    def recovery(self) -> Recovery | None:
        """How to retrain; None for not at all."""
        from shopbot.optimize.folders.retrain import Recovery
        from shopbot.optimize.training import Schedule

        if not self.epochs:
            return None
        if self.lora:
            need_extra("peft")
        schedule = Schedule(epochs=self.epochs, rate=self.rate, seed=self.seed, half=True)
        return Recovery(lora=self.lora, threads=self.threads, schedule=schedule)


def run_quantise(folder: Path, to: Path, way: str, traces: Path | None, method: Any, plots: Path | None) -> None:
    """Quantise the engine in `folder` into `to`."""
    need_extra("onnx")
    with expected_failures():
        from shopbot.optimize.folders.quantise import RANGES, quantise_folder

        quantise_folder(folder, to, way, read_file(traces) if traces else [], method)
        if plots and (to / RANGES).exists():
            from shopbot.optimize.compression.quantise import read_ranges
            from shopbot.optimize.measurement.plots import calibrated_ranges

            plots.mkdir(parents=True, exist_ok=True)
            typer.echo(str(calibrated_ranges({method: read_ranges(to / RANGES)}, plots / "ranges.png")))
    _told(folder, to)


def run_prune(folder: Path, to: Path, traces: Path, cut: tuple[Any, ...], after: After) -> None:
    """Prune the engine in `folder` into `to`; `cut` holds the fields of `compress.Cut`."""
    need_extra(*_TORCH)
    with expected_failures():
        from shopbot.optimize.folders.cuts import Cut, prune_folder

        decisions = read_file(traces)
        with training_bar() as told:
            prune_folder(folder, to, Cut(*cut), decisions, after.recovery(), teachers=after.teachers, on_step=told)
    _told(folder, to)


def run_factorise(
    folder: Path, to: Path, traces: Path, rank: int | None, energy: float | None, embedding: bool, after: After
) -> None:
    """Factorise the engine in `folder` into `to`."""
    need_extra(*_TORCH)
    with expected_failures():
        from shopbot.optimize.folders.cuts import factorise_folder

        decisions = read_file(traces)
        with training_bar() as told:
            ranks = factorise_folder(
                folder,
                to,
                decisions,
                after.recovery(),
                rank=rank,
                energy=energy,
                embedding=embedding,
                teachers=after.teachers,
                on_step=told,
            )
        if not ranks:
            typer.echo("no matrix gets smaller at that rank or energy: nothing was factorised", err=True)
    _told(folder, to)


def _told(folder: Path, to: Path) -> None:
    from shopbot.optimize.measurement.measure import deployed_bytes

    note_command(to)
    before, after = deployed_bytes(folder), deployed_bytes(to)
    typer.echo(f"{to}: {after / 1e6:.1f} MB, {before / after:.2f} x smaller than {folder} ({before / 1e6:.1f} MB)")
