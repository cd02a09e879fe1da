"""Whose order is it? Order number and e-mail address are noted as given, and checked together against the database.

Nothing about an order is shown before both match. An unknown order and a wrong address get the same answer; failures
are counted in the database (`shopbot.shop.verification`), and after too many the conversation goes to a person,
whatever the engine proposes.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from math import ceil
from typing import Annotated, Any

from pydantic import Field

from shopbot.shop.database.normalise import normalise_email, normalise_order_number
from shopbot.shop.verification import Blocked, Claim, Failed, verify
from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.shop.hand_over import file_ticket
from shopbot.tools.shop.services import ShopServices

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@action(gives=("order_number",), awaiting="order_number", title="ask for the order number")
def take_order_number(
    call: Call[Any], order_number: Annotated[str, Field(min_length=1, max_length=40), Source.USER]
) -> Observation:
    """Note the order number that the customer gave."""
    number = normalise_order_number(order_number)
    if not number:
        return Observation("That holds no order number: ask again.", awaiting="order_number", ok=False)
    instead = call.facts.get("order_number") not in (None, number)
    facts, data = {"order_number": number}, {"order_number": number, "instead": instead}
    return Observation(f"Order number {number} noted, not checked yet.", facts=facts, data=data)


def _silence(services: ShopServices) -> timedelta:
    return timedelta(minutes=services.shop.limits.silence_minutes)


@action(gives=("email",), awaiting="email", lapses=_silence, title="ask for the e-mail address")
def take_email(call: Call[Any], email: Annotated[str, Field(min_length=3, max_length=320), Source.USER]) -> Observation:
    """Note the e-mail address that the customer gave for the order."""
    address = normalise_email(email)
    if not _ADDRESS.fullmatch(address):
        return Observation(f"{address!r} is no e-mail address: ask again.", awaiting="email", ok=False)
    facts = {"email": address}
    if "order_number" not in call.facts and call.facts.get("tried_number"):
        facts["order_number"] = call.facts["tried_number"]
    return Observation("E-mail address noted, not checked yet.", facts=facts)


@action(needs=("order_number", "email"), gives=("customer",), title="check that both belong together")
def verify_customer(call: Call[ShopServices]) -> Observation:
    """Check that the e-mail address is the one on the order. Both have been noted before."""
    shop, number = call.services.shop, call.facts["order_number"]
    claim = Claim(number, call.facts["email"], call.conversation)
    found = verify(shop.database, claim, shop.now(), shop.limits)
    if isinstance(found, Blocked):
        return _blocked(call, found)
    if isinstance(found, Failed):
        return _failed(call)
    verified = {"id": found.customer_id, "order_number": number, "recipient": found.recipient}
    verified["at"] = shop.now().astimezone(UTC).isoformat()
    return Observation("They belong together.", facts={"customer": verified, "tried_number": None, "locked": None})


def _failed(call: Call[ShopServices]) -> Observation:
    """Both values are withdrawn, so that the answer does not tell which of them was wrong."""
    return Observation(
        "No order with that number and that e-mail address. Ask for both again, starting with the order number.",
        facts=_again(call),
        awaiting="order_number",
        ok=False,
    )


def _again(call: Call[ShopServices]) -> dict[str, Any]:
    # Whoever corrects the address alone means the same order; they are not made to repeat its number.
    return {"order_number": None, "email": None, "locked": None, "tried_number": call.facts["order_number"]}


def _blocked(call: Call[ShopServices], found: Blocked) -> Observation:
    """Too many failures, whoever's they were: wait, or a person takes over."""
    if found.lock is None:
        wait = ceil((found.until - call.services.shop.now()) / timedelta(minutes=1))
        text = f"Nothing was checked after too many tries; ask to try again in {wait} minutes."
        return Observation(text, data={"wait_minutes": wait}, facts=_again(call), awaiting="order_number", ok=False)
    ticket = file_ticket(call, "order number and e-mail address did not match", matter=found.lock or None)
    return Observation(
        f"They do not match, for the last time: the conversation has gone to a person, ticket {ticket}.",
        data={"locked": True, "ticket": ticket},
        facts={"locked": True, "ticket": ticket, "goals": None, "order_number": None, "email": None},
        ok=False,
    )
