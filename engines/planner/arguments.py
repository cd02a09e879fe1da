"""From what was read in a message to the arguments of an action: one small function for each way of reading.

Every value comes from the message itself; what is not there is not made up (None: no proposal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from engines.planner.addresses import normalise_email
from engines.planner.arithmetic import to_expression
from engines.planner.numerals import number_in, order_number_in
from engines.planner.reader import Reading, Span
from prompts import load_data

Arguments = dict[str, Any]
_QUANTITY_REACH = 12
"""How many characters may stand between a quantity and its item ("two of the")."""


def order_number(message: str, reading: Reading) -> Arguments | None:
    """The order number; of several, the one that the reader is surest of."""
    span = _surest(reading, "ORDER")
    number = order_number_in(span.text) if span else None
    return {"order_number": number} if number else None


def email(message: str, reading: Reading) -> Arguments | None:
    """The e-mail address, dictated or typed."""
    span = _surest(reading, "EMAIL")
    address = normalise_email(span.text) if span else None
    return {"email": address} if address else None


def items(message: str, reading: Reading) -> Arguments | None:
    """The items named, each with its quantity and whether it is to be left out; "only one of them" names none."""
    named = [_request(message, span, reading) for span in _spans(reading, "ITEM")]
    named = named or _mere_quantity(reading)
    return {"items": named, "add": reading.performs("add_items")} if named else None


def everything(message: str, reading: Reading) -> Arguments | None:
    """The whole order, but for items that are expressly left out."""
    left_out = [_request(message, span, reading) for span in _spans(reading, "ITEM")]
    return {"everything": True, "items": [request for request in left_out if request["leave_out"]]}


def expression(message: str, reading: Reading) -> Arguments | None:
    """The sum that is asked for."""
    span = _surest(reading, "EXPR")
    found = to_expression(span.text) if span else None
    found = found or to_expression(message)
    return {"expression": found} if found else None


def question(message: str, reading: Reading) -> Arguments | None:
    """The customer's own words."""
    return {"question": message}


def reason(message: str, reading: Reading) -> Arguments | None:
    """The customer's own words, as the reason for a hand-over."""
    return {"reason": message[:500]}


READINGS: dict[str, Callable[[str, Reading], Arguments | None]] = {
    function.__name__: function for function in (order_number, email, items, everything, expression, question, reason)
}


def _request(message: str, item: Span, reading: Reading) -> Arguments:
    quantity = _quantity_of(item, _spans(reading, "QTY"))
    return {
        "words": item.text,
        "quantity": number_in(quantity.text) if quantity else None,
        "leave_out": _left_out(message, item, reading),
    }


def _mere_quantity(reading: Reading) -> list[Arguments]:
    """A quantity of what was spoken of before; its own words stand for the item."""
    span = _surest(reading, "QTY")
    quantity = number_in(span.text) if span else None
    return [{"words": span.text, "quantity": quantity, "leave_out": False}] if span and quantity else []


def _quantity_of(item: Span, quantities: Sequence[Span]) -> Span | None:
    """The quantity right before the item ("two of the shirts"), else right after it ("shirts x2")."""
    before = [q for q in quantities if 0 <= item.start - q.end <= _QUANTITY_REACH]
    after = [q for q in quantities if 0 <= q.start - item.end <= 3]
    return before[-1] if before else after[0] if after else None


def _left_out(message: str, item: Span, reading: Reading) -> bool:
    """Whether the clause before the item says that it stays with the customer."""
    if not reading.performs("remove_items"):
        return False
    others = [span for span in _spans(reading, "ITEM") if span.end <= item.start]
    clause = message[others[-1].end if others else 0 : item.start]
    return bool(_leave_out_words().search(clause)) or len(_spans(reading, "ITEM")) == 1


@lru_cache(maxsize=1)
def _leave_out_words() -> re.Pattern[str]:
    words = sorted(load_data("words/leave_out.yaml"), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)


def _spans(reading: Reading, kind: str) -> list[Span]:
    return [span for span in reading.spans if span.kind == kind]


def _surest(reading: Reading, kind: str) -> Span | None:
    return max(_spans(reading, kind), key=lambda span: span.score, default=None)
