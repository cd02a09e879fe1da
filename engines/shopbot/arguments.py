"""From what was read in a message to the arguments of an action: one small function for each way of reading.

Every value comes from the message itself; what is not there is not made up (None: no proposal).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from shopbot.engines.shopbot.arithmetic import sum_of
from shopbot.engines.shopbot.corrections import standing
from shopbot.engines.shopbot.item_requests import item_requests
from shopbot.engines.shopbot.reader import Reading, Span
from shopbot.engines.spoken.addresses import normalise_email
from shopbot.engines.spoken.numerals import number_in, order_number_in

Arguments = dict[str, Any]


_ZIP = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ALN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY]),?\s+(\d{5}(?:-\d{4})?)\b"
)
"""A ZIP code after the abbreviation of its state: an address, never the number of an order."""


def order_number(message: str, reading: Reading) -> Arguments | None:
    """The order number; of several, the one the customer stands by, then the one that the reader is surest of."""
    zips = [found.span(1) for found in _ZIP.finditer(message)]
    numbers = [s for s in _spans(reading, "ORDER") if not any(a <= s.start < b for a, b in zips)]
    span = _stood_by(message, numbers)
    number = order_number_in(span.text) if span else None
    return {"order_number": number} if number else None


def email(message: str, reading: Reading) -> Arguments | None:
    """The e-mail address, dictated or typed."""
    span = _stood_by(message, _spans(reading, "EMAIL"))
    address = normalise_email(span.text) if span else None
    return {"email": address} if address else None


def items(message: str, reading: Reading) -> Arguments | None:
    """The items named, each with its quantity and whether it is to be left out; "only one of them" names none."""
    named = item_requests(message, reading) or _mere_quantity(reading)
    return {"items": named, "add": reading.performs("add_items")} if named else None


def everything(message: str, reading: Reading) -> Arguments | None:
    """The whole order, but for items that are expressly left out; "all the mugs" is not the whole order."""
    named = item_requests(message, reading)
    if named and all(request.get("every") for request in named):
        return items(message, reading)
    return {"everything": True, "items": [request for request in named if request["leave_out"]]}


def expression(message: str, reading: Reading) -> Arguments | None:
    """The sum that is asked for, when every number of the message is used in it."""
    span = _surest(reading, "EXPR")
    found = sum_of(message, span.text if span else None)
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


def _mere_quantity(reading: Reading) -> list[Arguments]:
    """A quantity of what was spoken of before; its own words stand for the item."""
    span = _surest(reading, "QTY")
    quantity = number_in(span.text) if span else None
    return [{"words": span.text, "quantity": quantity, "leave_out": False}] if span and quantity else []


def _stood_by(message: str, spans: list[Span]) -> Span | None:
    return max(standing(message, spans, of_one=True), key=lambda span: span.score, default=None)


def _spans(reading: Reading, kind: str) -> list[Span]:
    return [span for span in reading.spans if span.kind == kind]


def _surest(reading: Reading, kind: str) -> Span | None:
    return max(_spans(reading, kind), key=lambda span: span.score, default=None)
