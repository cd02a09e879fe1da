"""`shopbot ingest`: documents of any kind into a collection, from the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopbot.apps.logbook import keep_log
from shopbot.apps.settings import command_settings
from shopbot.apps.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console

    from shopbot.tools.retrieval.ingestion import IngestReport


def run_ingest(
    sources: Sequence[str],
    *,
    data: Path | None,
    collection: str,
    loader: str | None = None,
    tenant: str | None = None,
    metadata: Sequence[str] = (),
    allow_private: bool = False,
    as_json: bool = False,
) -> int:
    """Bring a collection in step with `sources` and say what was done.

    Args:
        loader: `MODULE:CLASS` of a LangChain document loader, whose arguments `sources` then are.
        tenant: whose collection it is; None is the shop itself.
        metadata: `key=value` each, for every chunk, so that a search can be filtered by it.

    Returns 0, or 1 when a source could not be read: the others are taken in all the same. What has nothing to search,
    such as a file of headings, is named and no fault.

    Raises:
        RetrievalError: the name cannot be used, or another process is writing.
    """
    from shopbot.tools.retrieval.collections import ingest
    from shopbot.tools.retrieval.sources import Limits
    from shopbot.tools.shop.vectors import vectors_url

    if loader:
        from shopbot.tools.retrieval.sources.langchain_loader import loader_source

        sources = [loader_source(loader, sources)]
    settings = command_settings(data=data)
    console = open_console()
    limits = Limits(allow_private=allow_private)
    with keep_log(settings), _Progress(shown=sys.stderr.isatty() and not as_json) as progress:
        report = ingest(
            settings.data,
            collection,
            sources,
            tenant=tenant,
            metadata=_pairs(metadata),
            limits=limits,
            progress=progress.advance,
            url=vectors_url(settings),
        )
    _show(report, collection, console, as_json=as_json)
    return 1 if report.skipped else 0


def _pairs(given: Sequence[str]) -> dict[str, str]:
    from shopbot.tools.retrieval import RetrievalError

    pairs = [(name.strip(), sign, value.strip()) for name, sign, value in (each.partition("=") for each in given)]
    for (name, sign, _), said in zip(pairs, given, strict=True):
        if not (name and sign):
            raise RetrievalError(f"{said!r} is no metadata: write key=value.")
    return {name: value for name, _, value in pairs}


def _show(report: IngestReport, collection: str, console: Console, *, as_json: bool) -> None:
    counts = {
        "added": len(report.added),
        "changed": len(report.changed),
        "unchanged": len(report.unchanged),
        "removed": len(report.removed),
        "chunks": report.chunks,
    }
    if as_json:
        import json

        print(json.dumps({"collection": collection, **counts, "skipped": report.skipped, "empty": report.empty}))
        return
    console.print(f"{collection}: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    for reason in [*report.skipped, *report.empty]:
        console.print(f"skipped: {reason}", markup=False, soft_wrap=not console.is_terminal)


class _Progress:
    """A line with the source at hand and the chunks stored so far; nothing when standard error is no terminal."""

    def __init__(self, *, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed} chunks"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not shown,
        )
        self._task = self._bar.add_task("reading", total=None)
        self._stored: dict[str, int] = {}

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, source: str, stored: int) -> None:
        """Show that `stored` chunks of `source` are in."""
        self._stored[source] = stored
        self._bar.update(self._task, description=source[-60:], completed=sum(self._stored.values()))
