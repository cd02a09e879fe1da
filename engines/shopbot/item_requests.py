"""The items that a message names, each with its quantity and whether it goes back or stays.

Reads the words around what the reader marked as items; which line of an order is meant is found elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from shopbot.engines.shopbot.corrections import after_correction, is_denied, standing
from shopbot.engines.shopbot.reader import Reading, Span
from shopbot.engines.spoken.numerals import number_in
from shopbot.prompts import load_data

_QUANTITY_REACH = 12
"""How many characters may stand between a quantity and its item ("two of the")."""
_AFTER_EVERY = r"\s+(?:(?:\d+|two|three|four|five|six)\s+)?(?:of\s+)?(?:(?:the|my|those|these|your)\s+)?"
_JOINT = re.compile(
    r"[\s,&+]*(?:and|or|nor|n)?\s*(?:\d+x?|one|two|three|both)?\s*(?:of )?\s*"
    r"(?:the|my|a|an|this|that|these|those)?\s*",
    re.IGNORECASE,
)


def item_requests(message: str, reading: Reading) -> list[dict[str, Any]]:
    """One request an item, in the order in which they are named; without those that later words take back."""
    spans = sorted((span for span in reading.spans if span.kind == "ITEM"), key=lambda span: span.start)
    if not any(_stays(message, place, spans, reading) for place in range(len(spans))):
        spans = standing(message, spans, of_one=False)
    return [_request(message, place, spans, reading) for place in range(len(spans))]


def _request(message: str, place: int, spans: Sequence[Span], reading: Reading) -> dict[str, Any]:
    item = spans[place]
    quantity = _quantity_of(item, [span for span in reading.spans if span.kind == "QTY"])
    stays = _stays(message, place, spans, reading)
    count = number_in(quantity.text) if quantity else None
    if count is None and not stays and _follows(message, item, "one_piece"):
        count = 1
    request = {"words": item.text, "quantity": count, "leave_out": stays}
    return {**request, "every": True} if not stays and _follows(message, item, "every_piece") else request


def _quantity_of(item: Span, quantities: Sequence[Span]) -> Span | None:
    """The quantity right before the item ("two of the shirts"), else right after it ("shirts x2")."""
    before = [q for q in quantities if 0 <= item.start - q.end <= _QUANTITY_REACH]
    after = [q for q in quantities if 0 <= q.start - item.end <= 3]
    return before[-1] if before else after[0] if after else None


def _stays(message: str, place: int, spans: Sequence[Span], reading: Reading) -> bool:
    """Whether the words before the item say that it stays with the customer."""
    item = spans[place]
    clause = message[spans[place - 1].end if place else 0 : item.start]
    if is_denied(clause) and (place > 0 or len(spans) > 1 or reading.performs("remove_items")):
        return True
    if not reading.performs("remove_items"):
        return False
    if _leave_out_words().search(after_correction(clause)):
        return True
    if place and _joins(clause, reading) and _stays(message, place - 1, spans, reading):
        return True
    return len(spans) == 1 and not _follows(message, item, "every_piece")


def _joins(clause: str, reading: Reading) -> bool:
    """Whether the clause only joins two items; a mere comma does so in "everything but the hat, the belt"."""
    plain = bool(_JOINT.fullmatch(clause))
    return plain and (bool(re.search(r"\b(?:and|or|nor|n)\b|[&+]", clause)) or reading.performs("choose_everything"))


def _follows(message: str, item: Span, kind: str) -> bool:
    """Whether the item begins with a word of this kind or comes right after it ("a single shirt")."""
    words = "|".join(map(re.escape, sorted(load_data("words/items.yaml")[kind], key=len, reverse=True)))
    joint = _AFTER_EVERY if kind == "every_piece" else r"\s+"
    within = re.match(rf"(?:{words})\b", item.text, re.IGNORECASE)
    return bool(within or re.search(rf"\b(?:{words}){joint}$", message[: item.start], re.IGNORECASE))


@lru_cache(maxsize=1)
def _leave_out_words() -> re.Pattern[str]:
    words = sorted(load_data("words/leave_out.yaml"), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)
