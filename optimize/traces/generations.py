"""Self-distillation: each generation has the shape of the one before and learns from it. Needs torch."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from shopbot.engines.learned.folder import DESCRIPTION, Description
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.traces.training import Recipe, train
from shopbot.optimize.training import Progress


def train_generations(
    traces: Sequence[Trace],
    to: Path,
    recipe: Recipe,
    generations: int,
    *,
    teachers: Sequence[Path] = (),
    dev: Sequence[Trace] = (),
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Description:
    """Born-again networks (Furlanello et al. 2018): the last of `generations` is written to `to`.

    The first learns from the labels and from `teachers`, every other from the one before it. A killed run goes on with
    the generation that it had begun.

    Returns:
        What the last one's `engine.json` says.
    """
    earlier = [to / f"generation-{number}" for number in range(1, generations)]
    for folder in earlier:
        if not (folder / DESCRIPTION).exists():
            train(traces, folder, recipe, teachers=teachers, dev=dev, on_step=on_step)
        teachers = [folder]
    last = train(traces, to, recipe, teachers=teachers, dev=dev, on_step=on_step)
    for folder in earlier:
        shutil.rmtree(folder)
    return last
