"""`shopbot optimize measure` and `ship`: engines side by side, and the better one in place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from shopbot.apps.optimize.terminal import expected_failures, need_extra, read_file, step_bar, typed

if TYPE_CHECKING:
    from shopbot.engines.recording.trace_format import Trace
    from shopbot.optimize.measurement.measure import Measured


def run_measure(
    folders: Sequence[Path], traces: Path, json: Path | None, plots: Path | None, limit: int, rounds: int, threads: int
) -> None:
    """Measure the engines, print the table, write what was asked for."""
    need_extra("onnx", *(["matplotlib"] if plots else []))
    with expected_failures():
        from shopbot.optimize.measurement.measure import measure_folders, steps, write_json

        with step_bar(steps(len(folders))) as on_step:
            measured = measure_folders(
                folders, _some(read_file(traces), limit), threads=threads, rounds=rounds, on_step=on_step
            )
        if json:
            write_json(measured, json)
        if plots:
            from shopbot.optimize.measurement.plots import draw_all

            draw_all(measured, plots)
    show(measured)


def run_ship(
    folder: Path,
    to: Path,
    traces: Path,
    replaces: Path | None,
    name: str,
    sources: Sequence[str],
    tolerance: float,
    threads: int,
) -> None:
    """Ship the engine, or say why not."""
    need_extra("onnx")
    with expected_failures():
        from shopbot.optimize.measurement.measure import steps
        from shopbot.optimize.shipping.ship import ship

        with step_bar(steps(2)) as on_step:
            measured = ship(
                folder,
                to,
                read_file(traces),
                replaces=replaces,
                title=name,
                sources=sources,
                command=typed(),
                tolerance=tolerance,
                threads=threads,
                on_step=on_step,
            )
    show(measured)
    typer.echo(f"{to}: in place; its card is {to / 'CARD.md'}")


def show(measured: Sequence[Measured]) -> None:
    """The figures as a table, one column an engine."""
    from rich.console import Console
    from rich.table import Table

    from shopbot.optimize.measurement.side_by_side import rows_of

    table = Table("", *(each.name for each in measured), box=None, pad_edge=False)
    for row in rows_of(measured):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 40 + 22 * len(measured)).print(table)
    first = measured[0]
    typer.echo(
        f"{first.quality.decisions} decisions; {first.threads} threads a decision, engines in turns in one process, "
        f"on {first.machine['cores']} cores of {first.machine['cpu'] or 'an unnamed processor'}, "
        f"load {first.machine['load']}"
    )


def _some(traces: list[Trace], limit: int) -> list[Trace]:
    return traces if not limit or limit >= len(traces) else traces[:: -(-len(traces) // limit)]
