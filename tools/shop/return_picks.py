"""From the customer's words for items to lines of their order. Finds lines; does not ask whether they may come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shopbot.shop.database.views import LineView, OrderView
from shopbot.tools.shop.item_matching import Line, Similarity, match

Request = Mapping[str, Any]


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
        choice: the fact `items`: `everything`, and `requests` of {words, quantity, leave_out, every}.
        order: their order.
        similarity: cosine similarity of a text with others, for words that are not in any name.
    """
    picks = Picks()
    if choice["everything"]:
        picks.wanted = {line.id: line.remaining for line in order.items if line.remaining > 0}
    requests = [(request, _lines(request, order, similarity)) for request in choice["requests"]]
    for place, (request, lines) in enumerate(requests):
        if not lines:
            picks.unknown.append(request["words"])
        elif request["leave_out"]:
            _leave_out(picks, lines, request["quantity"])
        else:
            _choose(picks, place, requests)
    return picks


def _choose(picks: Picks, place: int, requests: Sequence[tuple[Request, Sequence[LineView]]]) -> None:
    request, found = requests[place]
    lines = _narrowed(found, requests)
    if len(lines) == 1:
        quantity = request["quantity"] or _said_before(place, requests)
        picks.wanted[lines[0].id] = quantity or max(lines[0].remaining, 1)
    elif _means_all(request, lines):
        picks.wanted.update({line.id: max(line.remaining, 1) for line in lines})
    elif picks.open is None and not _is_said_again(place, requests):
        picks.open, picks.options = place, tuple(lines)


def _lines(request: Request, order: OrderView, similarity: Similarity) -> Sequence[LineView]:
    """The lines that one request fits, at first among those that an earlier question listed."""
    among = request.get("among") or []
    for lines in ([line for line in order.items if line.id in among], list(order.items)):
        wanted = [Line(line.id, line.name, line.category) for line in lines]
        found = {line.id for line in match(request["words"], wanted, similarity)}
        if found:
            return [line for line in lines if line.id in found]
    return []


def _narrowed(lines: Sequence[LineView], requests: Sequence[tuple[Request, Sequence[LineView]]]) -> Sequence[LineView]:
    """ "The jeans, not the black ones": of several lines, those that are not expressly left out."""
    if len(lines) == 1:
        return lines
    left_out = {line.id for request, found in requests if request["leave_out"] for line in found}
    return [line for line in lines if line.id not in left_out] or lines


def _is_said_again(place: int, requests: Sequence[tuple[Request, Sequence[LineView]]]) -> bool:
    """ "A pair of jeans, the black ones": whether later words tell which of the several lines are meant."""
    lines = {line.id for line in requests[place][1]}
    return any(_is_part_of(lines, later) for later in requests[place + 1 :])


def _said_before(place: int, requests: Sequence[tuple[Request, Sequence[LineView]]]) -> int | None:
    """ "Two mugs, the blue ones": the quantity in the words that these words tell more of, unless others do too."""
    lines = {line.id for line in requests[place][1]}
    for at, (request, found) in enumerate(requests[:place]):
        wider = {line.id for line in found}
        parts = [later for later in requests[at + 1 :] if _is_part_of(wider, later)]
        if lines < wider and len(parts) == 1 and not request["leave_out"]:
            quantity: int | None = request["quantity"]
            return quantity
    return None


def _is_part_of(lines: set[int], other: tuple[Request, Sequence[LineView]]) -> bool:
    request, found = other
    return not request["leave_out"] and bool(found) and {line.id for line in found} < lines


def _means_all(request: Request, lines: Sequence[LineView]) -> bool:
    """ "Both jeans", "all the mugs": said so, or as many as there are pieces."""
    return bool(request.get("every")) or request["quantity"] == sum(max(line.remaining, 1) for line in lines)


def _leave_out(picks: Picks, lines: Sequence[LineView], quantity: int | None) -> None:
    for line in lines:
        kept = picks.wanted.get(line.id, 0) - quantity if quantity else 0
        if kept > 0:
            picks.wanted[line.id] = kept
        else:
            picks.wanted.pop(line.id, None)
