"""Put an engine in place: measured beside the one it replaces, refused if it is worse, with a card that says it all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from shopbot.engines.learned.folder import (
    CARD,
    DESCRIPTION,
    WEIGHTS,
    Description,
    copy_folder,
    read_description,
    write_description,
)
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.measurement.measure import Measured, measure_folders
from shopbot.optimize.measurement.side_by_side import rows_of
from shopbot.prompts import render


class WorseEngine(ValueError):
    """The engine is worse than the one it would replace; the message names by what, and the way out."""


def ship(
    source: Path,
    target: Path,
    traces: Sequence[Trace],
    *,
    replaces: Path | None = None,
    title: str = "",
    sources: Sequence[str] = (),
    command: str = "",
    tolerance: float = 0.0,
    threads: int = 1,
    rounds: int = 50,
    on_step: Callable[[str], None] = lambda doing: None,
) -> list[Measured]:
    """Copy the engine in `source` to `target`, whole or not at all, with its model card.

    Args:
        traces: decisions that neither engine was trained on.
        replaces: the engine in use; without it the one in `target`, if there is one.
        sources: where the training's decisions come from, with their licences.
        command: what was typed, for the card.
        tolerance: percentage points of accuracy that may be lost.
        threads, rounds: as `measure_folders` takes them.

    Returns:
        The engine replaced, if any, then the new one, measured side by side.

    Raises:
        WorseEngine: it is less accurate, and more so than the tolerance allows.
    """
    old = replaces or (target if (target / DESCRIPTION).exists() else None)
    measured = measure_folders(
        [*([old] if old else []), source], traces, threads=threads, rounds=rounds, on_step=on_step
    )
    new = measured[-1]
    if old:
        check_not_worse(measured[0], new, tolerance)
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    copy_folder(source, fresh, without=(WEIGHTS,))
    description = read_description(source)
    write_description(fresh, description.after(f"ship: {command}" if command else "ship", metrics=asdict(new.quality)))
    card = _card(description, measured, title or f"Engine {target.name}", sources, command)
    (fresh / CARD).write_text(card + "\n", encoding="utf-8")
    _swap(fresh, target)
    return measured


def check_not_worse(old: Measured, new: Measured, tolerance: float = 0.0) -> None:
    """Whether `new` is at least as accurate as `old`, less `tolerance` points.

    Raises:
        WorseEngine: it is not.
    """
    lost = 100 * (old.quality.accuracy - new.quality.accuracy)
    if lost > tolerance + 1e-9:
        raise WorseEngine(
            f"{new.name} is worse than {old.name}, which stays: {100 * new.quality.accuracy:.2f} % right instead of "
            f"{100 * old.quality.accuracy:.2f} % of {new.quality.decisions} decisions; train it further, or allow the "
            f"loss with --tolerance {lost + 0.005:.2f}"
        )


def _card(
    description: Description, measured: Sequence[Measured], title: str, sources: Sequence[str], command: str
) -> str:
    old, new = (measured[0] if len(measured) > 1 else None), measured[-1]
    return render(
        "optimize/card.md.j2",
        title=title,
        history=description.history,
        command=command,
        sources=list(sources),
        new=new,
        old=old,
        rows=rows_of([new, old] if old else [new]),
        labels=len(description.labels),
        max_tokens=description.settings.get("layout", {}).get("max_tokens", "few"),
    )


def _swap(fresh: Path, target: Path) -> None:
    """`fresh` becomes `target`; what was there goes only once the new one stands."""
    aside = target.with_name(f"{target.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    fresh.rename(target)
    shutil.rmtree(aside, ignore_errors=True)
