"""reStructuredText to Markdown as far as chunks need it: titles become headings, and all else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

DEEPEST = 6
_RULE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*")
_LABEL = re.compile(r"\.\. _[^:]+:\s*")


def restructured_text(text: str) -> str:
    """The text with its titles as headings; which rule stands for which depth is as they first come."""
    lines = [line for line in text.splitlines() if not _LABEL.fullmatch(line)]
    rules: list[str] = []
    made: list[str] = []
    row = 0
    while row < len(lines):
        title, rule, length = _title_at(lines, row)
        if rule and rule not in rules:
            rules.append(rule)
        made.append(f"{'#' * min(DEEPEST, rules.index(rule) + 1)} {title}" if rule else lines[row])
        row += length
    return "\n".join(made)


def _title_at(lines: Sequence[str], row: int) -> tuple[str, str, int]:
    """The title that begins at this line, the rule that marks it, and how many lines both take; "" for none."""
    first, second, third = (lines[place].rstrip() if place < len(lines) else "" for place in (row, row + 1, row + 2))
    alone = row == 0 or not lines[row - 1].strip()
    if alone and _RULE.fullmatch(first) and second.strip() and first == third:
        return second.strip(), first[0] * 2, 3
    underlined = _RULE.fullmatch(second) and len(second) >= len(first) > 0
    if alone and underlined and not first[0].isspace() and not _RULE.fullmatch(first):
        return first, second[0], 2
    return "", "", 1
