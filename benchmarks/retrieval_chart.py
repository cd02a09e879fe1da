"""Draws the quality figures of search as bars in an SVG file, without a plotting library."""

from __future__ import annotations

from html import escape
from pathlib import Path

from benchmarks.retrieval_quality import Row

SHOWN = ("R@10", "nDCG@10", "MRR", "recall@5", "hit_at_3", "refused")
BAR, GAP, LEFT, WIDTH = 18, 6, 230, 420


def draw(rows: list[Row], file: Path) -> None:
    """One bar a figure, from 0 to 1."""
    bars = [
        (f"{row.part}, {row.name}: {name}", row.figures[name]) for row in rows for name in SHOWN if name in row.figures
    ]
    height = len(bars) * (BAR + GAP) + GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="{height}" fill="white"/>',
    ]
    for number, (label, value) in enumerate(bars):
        top = GAP + number * (BAR + GAP)
        lines.append(f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(label)}</text>')
        lines.append(f'<rect x="{LEFT}" y="{top}" width="{WIDTH * value:.1f}" height="{BAR}" fill="#2a6f97"/>')
        lines.append(f'<text x="{LEFT + WIDTH * value + 6:.1f}" y="{top + 13}">{value:.3f}</text>')
    file.write_text("\n".join([*lines, "</svg>"]) + "\n", encoding="utf-8")
