"""From the customer's words for items to lines of their order. Finds lines; does not ask whether they may come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shop.database.views import LineView, OrderView
from tools.item_matching import Line, Similarity, match


@dataclass
class Picks:
    """What was found: `wanted` pieces by line, words that fit no line, and the first words that fit several."""

    wanted: dict[int, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    open: int | None = None
    options: tuple[LineView, ...] = ()


def find_lines(choice: Mapping[str, Any], order: OrderView, similarity: Similarity) -> Picks:
    """The lines that the customer's choice means.

    Args:
        choice: the fact `items`: `everything`, and `requests` of {words, quantity, leave_out}.
        order: their order.
        similarity: cosine similarity of a text with others, for words that are not in any name.
    """
    picks = Picks()
    if choice["everything"]:
        picks.wanted = {line.id: line.remaining for line in order.items if line.remaining > 0}
    for place, request in enumerate(choice["requests"]):
        lines = _lines(request, order, similarity)
        if not lines:
            picks.unknown.append(request["words"])
        elif request["leave_out"]:
            _leave_out(picks, lines, request["quantity"])
        elif len(lines) == 1:
            picks.wanted[lines[0].id] = request["quantity"] or max(lines[0].remaining, 1)
        elif _means_all(request, lines):
            picks.wanted.update({line.id: max(line.remaining, 1) for line in lines})
        elif picks.open is None:
            picks.open, picks.options = place, tuple(lines)
    return picks


def _lines(request: Mapping[str, Any], order: OrderView, similarity: Similarity) -> Sequence[LineView]:
    """The lines that one request fits, at first among those that an earlier question listed."""
    among = request.get("among") or []
    for lines in ([line for line in order.items if line.id in among], list(order.items)):
        found = {line.id for line in match(request["words"], [Line(i.id, i.name) for i in lines], similarity)}
        if found:
            return [line for line in lines if line.id in found]
    return []


def _means_all(request: Mapping[str, Any], lines: Sequence[LineView]) -> bool:
    """ "Both jeans": as many as there are lines, or as there are pieces."""
    every = bool(request.get("every"))
    return every or request["quantity"] in (len(lines), sum(line.remaining for line in lines))


def _leave_out(picks: Picks, lines: Sequence[LineView], quantity: int | None) -> None:
    for line in lines:
        kept = picks.wanted.get(line.id, 0) - quantity if quantity else 0
        if kept > 0:
            picks.wanted[line.id] = kept
        else:
            picks.wanted.pop(line.id, None)
