"""`shopbot optimize data`, `teach`, `train`, `distil`: from recorded decisions to an engine."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from shopbot.apps.optimize.terminal import expected_failures, need_extra, note_command, read_file, training_bar

if TYPE_CHECKING:
    from shopbot.engines.recording.trace_format import Trace
    from shopbot.optimize.config import CrossFitConfig, TrainConfig


def run_data(files: Sequence[Path], to: Path, dev: Path | None, share: float, seed: int) -> None:
    """Read every file, write one, or two that share no conversation; say what was found."""
    from shopbot.optimize.traces.reading import actions_of, split

    with expected_failures():
        traces = [trace for file in files for trace in read_file(file)]
        kept, away = split(traces, share, seed) if dev else (traces, [])
        write_traces(kept, to)
        typer.echo(f"{to}: {_counted(kept)}, {len(actions_of(traces))} different actions")
        if dev:
            write_traces(away, dev)
            typer.echo(f"{dev}: {_counted(away)}")


def run_teach(traces: Path, to: Path, config: CrossFitConfig) -> None:
    """Write the decisions with cross-fitted scores beside them."""
    need_extra("torch", "transformers")
    from shopbot.optimize.crossfit.scoring import accuracy, cross_fit_scores

    with expected_failures():
        decisions = read_file(traces)
        with training_bar() as on_step:
            scored = cross_fit_scores(decisions, config, on_step)
        write_traces(scored, to)
        if config.folder:
            shutil.rmtree(config.folder, ignore_errors=True)
        typer.echo(f"{to}: {_counted(scored)}; {accuracy(scored):.1%} of the choices scored highest, unseen")
    typer.echo(f"learn from it: shopbot optimize distil --traces {to}")


def run_train(
    traces: Path,
    to: Path,
    dev: Path | None,
    config: TrainConfig,
    teachers: Sequence[Path] = (),
    generations: int = 1,
) -> None:
    """Train an engine into `to`, from labels and, if there are any, teachers."""
    need_extra("torch", "transformers", "onnx", "onnxscript")
    with expected_failures():
        from shopbot.optimize.traces.training import train_generations

        decisions, held = read_file(traces), read_file(dev) if dev else []
        with training_bar() as on_step:
            train_generations(decisions, to, config, generations, teachers=teachers, dev=held, on_step=on_step)
        note_command(to)
        typer.echo(f"{to}: learned from {_counted(decisions)}")
    typer.echo(f"try it: shopbot chat --engine learned:{to}, or measure it: shopbot optimize measure {to}")


def write_traces(traces: Sequence[Trace], file: Path) -> None:
    """Traces as JSON lines, compressed if the name ends in .gz."""
    from shopbot.engines.recording.trace_format import to_line

    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(to_line(trace).rstrip("\n") + "\n" for trace in traces).encode("utf-8")
    # Without a time in its header, the same decisions make the same file.
    file.write_bytes(gzip.compress(text, mtime=0) if file.suffix == ".gz" else text)


def _counted(traces: Sequence[Trace]) -> str:
    return f"{len(traces)} decisions in {len({trace.conversation for trace in traces})} conversations"
