"""What the optimising commands share: reading decisions, a progress bar, and one sentence when torch is missing."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbot.engines.recording.trace_format import Trace

_FAULTS_SHOWN = 3


def need_extra(*packages: str) -> None:
    """End with one sentence if a package of the extra `optimize` is missing."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        fail(f"This needs {', '.join(missing)}, which the shop itself does not: pip install 'shopbot[optimize]'.")


def fail(words: str) -> None:
    """Say `words` on standard error and end with code 1."""
    typer.echo(f"shopbot: {words}", err=True)
    raise typer.Exit(1)


def read_file(file: Path) -> list[Trace]:
    """The decisions of a file; lines that are none are told about and left out."""
    from shopbot.optimize.traces.reading import read_decisions

    recorded = read_decisions(file)
    for fault in recorded.faults[:_FAULTS_SHOWN]:
        typer.echo(f"left out: {fault}", err=True)
    if len(recorded.faults) > _FAULTS_SHOWN:
        typer.echo(f"left out: {len(recorded.faults) - _FAULTS_SHOWN} more lines", err=True)
    if recorded.refused:
        typer.echo(f"left out: {recorded.refused} choices that were refused", err=True)
    return recorded.traces


def typed() -> str:
    """The command as it was typed, to be typed again."""
    return shlex.join(["shopbot", *sys.argv[1:]])


def note_command(folder: Path) -> None:
    """The newest step of an engine's history is the very command that did it."""
    from dataclasses import replace

    from shopbot.engines.learned.folder import read_description, write_description

    description = read_description(folder)
    write_description(folder, replace(description, history=(*description.history[:-1], typed())))


@contextmanager
def expected_failures() -> Iterator[None]:
    """A wrong file, folder or setting is one sentence, not a traceback."""
    from shopbot.engines.learned.folder import FolderError
    from shopbot.engines.recording.trace_format import TraceError

    try:
        yield
    except (TraceError, FolderError, ValueError, ModuleNotFoundError, OSError) as error:
        fail(" ".join(str(error).split()))


@contextmanager
def training_bar() -> Iterator[Callable[..., None]]:
    """A bar for `training.fit`; what it yields is its `on_step`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("loss {task.fields[loss]:.3f}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=None, loss=float("nan"))
        every = 50

        def on_step(progress: object) -> None:
            step, total, loss = (getattr(progress, name) for name in ("step", "total", "loss"))
            bar.update(task, completed=step, total=total, loss=loss)
            if not console.is_terminal and (step % every == 0 or step == total):
                typer.echo(f"step {step}/{total}, loss {loss:.4f}", err=True)

        yield on_step


@contextmanager
def step_bar(total: int) -> Iterator[Callable[[str], None]]:
    """A bar for work in named steps; what it yields is told the name of the step that begins."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        begun = -1

        def on_step(doing: str) -> None:
            nonlocal begun
            begun += 1
            bar.update(task, completed=begun, description=doing)

        yield on_step
        bar.update(task, completed=total)
