"""Measures search: the shop's policies, two public sets, and time and memory at 10,000 and 100,000 chunks.

    .venv/bin/python -m benchmarks.bench_retrieval [policies code text speed many] [--chart FILE.svg]

Dense alone, BM25 alone (headings included) and the fusion of both are compared on the same index.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from benchmarks import retrieval_chart, retrieval_quality, retrieval_speed

PARTS: dict[str, Callable[[Path], list[retrieval_quality.Row]]] = {
    "policies": retrieval_quality.policies,
    "code": retrieval_quality.code,
    "text": retrieval_quality.text,
    "speed": retrieval_speed.speed,
    "many": retrieval_speed.many,
}


def main() -> None:
    """Print a table for each part, and draw the chart."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--chart", type=Path, help="SVG file to draw the quality figures in")
    options = parser.parse_args()
    rows: list[retrieval_quality.Row] = []
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = PARTS[part](Path(folder))
            except FileNotFoundError as error:
                print(f"{part}: skipped, {error.filename} is not there (see benchmarks/external_sets.py)")
                continue
        show(part, found)
        rows += found
    if options.chart:
        retrieval_chart.draw(rows, options.chart)


def show(part: str, rows: list[retrieval_quality.Row]) -> None:
    """Print the rows of one part, a table for each set of figures."""
    for names, alike in itertools.groupby(rows, key=lambda row: tuple(row.figures)):
        table = Table("", *names, title=part)
        for row in alike:
            said = (f"{value:.3f}" if value < 2 else f"{value:,.1f}" for value in row.figures.values())
            table.add_row(row.name, *said)
        Console(width=110).print(table)


if __name__ == "__main__":
    main()
