"""Draws the ablations as bars in an SVG file, without a plotting library: stopped wrong writes, refused right ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from benchmarks.replay.report import Ablation

BAR, ROW, HEAD, LEFT, WIDTH, EDGE = 9, 30, 34, 210, 380, 14
STOPPED, REFUSED, AGAIN = "#2a9d8f", "#e76f51", "#f4c29a"
"""Wrong writes stopped; right ones refused; right ones that are asked again."""


def draw(domains: Mapping[str, Sequence[Ablation]], file: Path) -> None:
    """A block for each domain, in it two bars for each contract, each as a share of its writes."""
    lines, top = [_legend()], EDGE + HEAD
    for domain, rows in domains.items():
        lines.append(f'<text x="{EDGE}" y="{top + 20}" font-weight="bold">{escape(domain)}</text>')
        top += HEAD
        for row in rows:
            lines += _bars(row, top)
            top += ROW
    size = f'width="{LEFT + WIDTH + 90}" height="{top + EDGE}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    file.write_text("\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *lines, "</svg>\n"]))


def _bars(row: Ablation, top: int) -> list[str]:
    stopped, refused = row.wrong_stopped / max(row.wrong, 1), row.right_refused / max(row.right, 1)
    again = row.asked_again / max(row.right, 1)
    return [
        f'<text x="{EDGE}" y="{top + 14}">{escape(row.contract)}</text>',
        _bar(LEFT, top, stopped, STOPPED),
        _bar(LEFT, top + BAR + 2, refused, REFUSED),
        _bar(LEFT + int(WIDTH * refused), top + BAR + 2, again, AGAIN),
        f'<text x="{LEFT + WIDTH + 8}" y="{top + 14}">{stopped:.0%} · {refused:.1%}</text>',
    ]


def _bar(left: int, top: int, share: float, colour: str) -> str:
    return f'<rect x="{left}" y="{top}" width="{WIDTH * share:.1f}" height="{BAR}" fill="{colour}"/>'


def _legend() -> str:
    named = {STOPPED: "wrong writes stopped", REFUSED: "right writes refused", AGAIN: "right writes asked again"}
    lines = []
    for place, (colour, name) in enumerate(named.items()):
        x = EDGE + place * 190
        lines.append(f'<rect x="{x}" y="{EDGE}" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{x + 18}" y="{EDGE + 11}">{name}</text>')
    return "\n".join(lines)
