"""`shopbot optimize data`, `train`, `distil`: from recorded decisions to an engine."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from shopbot.apps.optimize.terminal import expected_failures, need_extra, note_command, read_file, training_bar

if TYPE_CHECKING:
    from shopbot.engines.recording.trace_format import Trace
    from shopbot.optimize.traces.training import Recipe

_JUST_TO_CALIBRATE = 8


@dataclass(frozen=True)
class Wanted:
    """How to train; the options of the same names."""

    base: str
    layers: int | None
    start: Path | None
    epochs: int
    rate: float
    batch: int
    seed: int
    threads: int
    temperature: float = 2.0
    alpha: float = 0.7
    hidden: float = 0.0
    attention: float = 0.0
    relations: float = 0.0
    peers: int = 1
    generations: int = 1


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


def run_teach(
    traces: Path, to: Path, folds: int, repeats: int, epochs: int, base: str, seed: int, threads: int
) -> None:
    """Write the decisions with scores beside them, each judged by networks that never saw its conversation."""
    need_extra("torch", "transformers")
    from shopbot.optimize.crossfit.teaching import Folds, accuracy, with_scores

    with expected_failures():
        learned = read_file(traces)
        parts = to.with_name(to.name + ".parts")
        with training_bar() as told:
            scored = with_scores(learned, Folds(folds, repeats, epochs, seed, threads, base, parts), told)
        write_traces(scored, to)
        shutil.rmtree(parts, ignore_errors=True)
        typer.echo(f"{to}: {_counted(scored)}; {accuracy(scored):.1%} of the choices scored highest, unseen")
    typer.echo(f"learn from it: shopbot optimize distil --traces {to}")


def run_train(traces: Path, to: Path, dev: Path | None, teachers: Sequence[Path], wanted: Wanted) -> None:
    """Train an engine into `to`, from labels and, if there are any, teachers."""
    need_extra("torch", "transformers", "onnx", "onnxscript")
    with expected_failures():
        learned, held = read_file(traces), read_file(dev) if dev else []
        with training_bar() as told:
            if wanted.hidden or wanted.attention or wanted.relations:
                _imitate(learned, held, to, teachers, wanted, told)
            else:
                from shopbot.optimize.traces.generations import train_generations

                recipe = _recipe(wanted)
                train_generations(learned, to, recipe, wanted.generations, teachers=teachers, dev=held, on_step=told)
        note_command(to)
        typer.echo(f"{to}: learned from {_counted(learned)}")
    typer.echo(f"try it: shopbot chat --engine learned:{to}, or measure it: shopbot optimize measure {to}")


def _recipe(wanted: Wanted) -> Recipe:
    from shopbot.optimize.traces.objective import Objective
    from shopbot.optimize.traces.training import Recipe
    from shopbot.optimize.training import Schedule

    return Recipe(
        base=wanted.base,
        layers=wanted.layers,
        start=wanted.start,
        peers=wanted.peers,
        batch=wanted.batch,
        threads=wanted.threads,
        schedule=Schedule(epochs=wanted.epochs, rate=wanted.rate, seed=wanted.seed, half=True),
        objective=Objective(temperature=wanted.temperature, alpha=wanted.alpha),
    )


def _imitate(
    learned: Sequence[Trace],
    held: Sequence[Trace],
    to: Path,
    teachers: Sequence[Path],
    wanted: Wanted,
    told: Callable[..., None],
) -> None:
    """Train with the teacher's features: an untrained student first, then its training beside the teacher."""
    from shopbot.optimize.folders.cuts import retrain_folder
    from shopbot.optimize.folders.features import Imitation
    from shopbot.optimize.folders.retrain import Recovery
    from shopbot.optimize.traces.training import train

    recipe = _recipe(wanted)
    start = to / "start"
    if not (start / "engine.json").exists():
        untrained = replace(recipe, schedule=replace(recipe.schedule, epochs=0))
        train(learned, start, untrained, dev=learned[:_JUST_TO_CALIBRATE])
    recovery = Recovery(
        batch=wanted.batch,
        threads=wanted.threads,
        schedule=recipe.schedule,
        objective=recipe.objective,
        imitate=Imitation(wanted.hidden, wanted.attention, wanted.relations),
    )
    retrain_folder(start, to, learned, recovery, teachers=teachers, dev=held, on_step=told)
    shutil.rmtree(start)


def write_traces(traces: Sequence[Trace], file: Path) -> None:
    """Traces as JSON lines, compressed if the name ends in .gz."""
    from shopbot.engines.recording.trace_format import to_line

    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(to_line(trace).rstrip("\n") + "\n" for trace in traces).encode("utf-8")
    # Without a time in its header, the same decisions make the same file.
    file.write_bytes(gzip.compress(text, mtime=0) if file.suffix == ".gz" else text)


def _counted(traces: Sequence[Trace]) -> str:
    return f"{len(traces)} decisions in {len({trace.conversation for trace in traces})} conversations"
