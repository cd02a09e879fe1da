"""The table of measured figures: a row for each page that `python -m benchmarks --write` wrote."""

from __future__ import annotations

from pathlib import Path

FIGURES = Path(__file__).parents[1] / "figures"


def figures_table() -> str:
    """What was measured, and when and where, with a link to the page."""
    rows = [_row(page) for page in sorted(FIGURES.glob("*.md")) if page.name != "index.md"]
    return "\n".join(["| what | measured |", "|---|---|", *rows])


def _row(page: Path) -> str:
    title, _, measured = page.read_text(encoding="utf-8").split("\n", maxsplit=3)[:3]
    return f"| [{title.removeprefix('# ')}]({page.name}) | {measured.removeprefix('Measured on ')} |"
