"""Whose order is it? Order number and e-mail address are noted as given, and checked together against the database.

Nothing about an order is shown before both match. An unknown order and a wrong address get the same answer; after
three failures the conversation goes to a person, whatever the engine proposes.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from shopbot.prompts import load_data
from shopbot.shop.database.normalise import normalise_email, normalise_order_number
from shopbot.shop.database.orders import find_customer
from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.shop.hand_over import file_ticket
from shopbot.tools.shop.services import ShopServices

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@action(gives=("order_number",), asks="order_number", title="ask for the order number")
def take_order_number(
    call: Call[Any], order_number: Annotated[str, Field(min_length=1, max_length=40), Source.CUSTOMER]
) -> Observation:
    """Note the order number that the customer gave."""
    number = normalise_order_number(order_number)
    if not number:
        return Observation("That holds no order number: ask again.", asks="order_number", ok=False)
    return Observation(f"Order number {number} noted, not checked yet.", facts={"order_number": number})


@action(gives=("email",), asks="email", title="ask for the e-mail address")
def take_email(
    call: Call[Any], email: Annotated[str, Field(min_length=3, max_length=320), Source.CUSTOMER]
) -> Observation:
    """Note the e-mail address that the customer gave for the order."""
    address = normalise_email(email)
    if not _ADDRESS.fullmatch(address):
        return Observation(f"{address!r} is no e-mail address: ask again.", asks="email", ok=False)
    facts = {"email": address}
    if "order_number" not in call.facts and call.facts.get("tried_number"):
        facts["order_number"] = call.facts["tried_number"]
    return Observation("E-mail address noted, not checked yet.", facts=facts)


@action(needs=("order_number", "email"), gives=("customer",), title="check that both belong together")
def verify_customer(call: Call[ShopServices]) -> Observation:
    """Check that the e-mail address is the one on the order. Both have been noted before."""
    if call.facts.get("locked"):
        return _locked(call)
    number, email = call.facts["order_number"], call.facts["email"]
    with Session(call.services.shop.database) as session:
        customer = find_customer(session, number, email)
    if customer is not None:
        verified = {"id": customer, "order_number": number}
        return Observation(
            "They belong together.", facts={"customer": verified, "failed_checks": None, "tried_number": None}
        )
    return _failed(call)


def _failed(call: Call[ShopServices]) -> Observation:
    """Both values are withdrawn, so that the answer does not tell which of them was wrong."""
    failures = int(call.facts.get("failed_checks") or 0) + 1
    if failures >= load_data("shopbot/limits.yaml")["failed_checks"]:
        return _locked(call)
    return Observation(
        "No order with that number and that e-mail address. Ask for both again, starting with the order number.",
        facts={
            "order_number": None,
            "email": None,
            "failed_checks": failures,
            # Whoever corrects the address alone means the same order; they are not made to repeat its number.
            "tried_number": call.facts["order_number"],
        },
        asks="order_number",
        ok=False,
    )


def _locked(call: Call[ShopServices]) -> Observation:
    ticket = file_ticket(call, "order number and e-mail address did not match")
    return Observation(
        f"They do not match, for the last time: the conversation has gone to a person, ticket {ticket}.",
        data={"locked": True, "ticket": ticket},
        facts={"locked": True, "ticket": ticket, "goals": None, "order_number": None, "email": None},
        ok=False,
    )
