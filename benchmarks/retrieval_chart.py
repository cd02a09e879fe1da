"""Draws the figures of search as bars in an SVG file, without a plotting library.

Shares fill a row from 0 to 1. Milliseconds and megabytes fill it from 0 to 1.5 times the most that is allowed. A red
line is the goal: a share should reach it, a time or a size should not.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from benchmarks.retrieval_quality import Row

SHARES = ("R@10", "nDCG@10", "MRR", "recall@5", "hit_at_3", "refused", "recall")
LEAST = {
    ("code", "R@10"): 0.801,
    ("code", "nDCG@10"): 0.611,
    ("text", "recall@5"): 0.90,
    ("policies", "hit_at_3"): 0.95,
    ("policies", "refused"): 0.90,
    ("speed", "recall"): 0.98,
}
MOST = {
    ("10,000 chunks", "p50 CPU ms"): 10.0,
    ("100,000 chunks", "p50 CPU ms"): 20.0,
    ("10,000 chunks", "search MB"): 500.0,
    ("10,000 chunks", "ingest MB"): 500.0,
}
COLOURS = {"BM25 alone": "#9aa5b1", "dense alone": "#f4a259"}
BAR, GAP, HEAD, LEFT, WIDTH = 16, 6, 30, 200, 420


def draw(rows: list[Row], file: Path) -> None:
    """One bar a figure, a block a part, its figures side by side for every row."""
    lines: list[str] = []
    top = GAP
    for part in dict.fromkeys(row.part for row in rows):
        lines.append(f'<text x="{GAP}" y="{top + 19}" font-weight="bold">{escape(part)}</text>')
        top += HEAD
        held = [row for row in rows if row.part == part]
        for name in dict.fromkeys(name for row in held for name in row.figures):
            for row in held:
                if name in row.figures and (name in SHARES or (row.name, name) in MOST):
                    lines += _bar(row, name, top)
                    top += BAR + GAP
        top += GAP
    _write(lines, top, file)


def _bar(row: Row, name: str, top: int) -> list[str]:
    value, most = row.figures[name], MOST.get((row.name, name))
    goal = most or LEAST.get((row.part, name))
    scale = WIDTH / (1.5 * most) if most else WIDTH
    length = min(WIDTH, value * scale)
    said = f"{value:.1f}" if most else f"{value:.3f}"
    colour = COLOURS.get(row.name, "#2a6f97")
    drawn = [
        f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(f"{row.name}: {name}")}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
        f'<text x="{LEFT + WIDTH + 8}" y="{top + 12}">{said}</text>',
    ]
    if goal:
        at = LEFT + goal * scale
        drawn.append(f'<rect x="{at - 1:.1f}" y="{top - 2}" width="2" height="{BAR + 4}" fill="#c1121f"/>')
    return drawn


def compare(rows: list[Row], file: Path) -> None:
    """A group of bars a row, one a figure, from 0 to 1."""
    lines: list[str] = []
    top = GAP
    for row in rows:
        lines.append(f'<text x="{GAP}" y="{top + 19}" font-weight="bold">{escape(row.part)}</text>')
        top += HEAD
        for place, (name, value) in enumerate(row.figures.items()):
            colour = "#2a6f97" if place == 0 else "#9aa5b1"
            lines.append(f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(name)}</text>')
            lines.append(f'<rect x="{LEFT}" y="{top}" width="{value * WIDTH:.1f}" height="{BAR}" fill="{colour}"/>')
            lines.append(f'<text x="{LEFT + WIDTH + 8}" y="{top + 12}">{value:.3f}</text>')
            top += BAR + GAP
        top += GAP
    _write(lines, top, file)


def _write(lines: list[str], height: int, file: Path) -> None:
    size = f'width="{LEFT + WIDTH + 80}" height="{height}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="DejaVu Sans, sans-serif" font-size="12">'
    lines = [opening, f'<rect width="100%" height="{height}" fill="white"/>', *lines, "</svg>"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
