"""Hand the conversation to a person: a ticket with the transcript in the shop's database."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shopbot.shop.tickets import Handover, open_ticket
from shopbot.tools.action import Call, Observation, Source, action
from shopbot.tools.shop.services import ShopServices


@action(gives=("ticket",), effect="write", repeatable=True, idempotent=True, title="hand over to a person")
def hand_over(
    call: Call[ShopServices],
    reason: Annotated[str, Field(max_length=500), Source.ENGINE] = "the customer asked for a person",
) -> Observation:
    """Hand the conversation to a person of the shop, when the customer asks for one or nothing else helps."""
    number = file_ticket(call, reason)
    profile = call.services.shop.profile
    return Observation(
        f"Ticket {number} is open with the whole conversation; a person will get back to the customer.",
        data={
            "ticket": number,
            "support_email": profile.support_email,
            "support_phone": profile.support_phone,
            "support_hours": profile.support_hours,
        },
        facts={"ticket": number, "goals": None},
    )


def file_ticket(call: Call[ShopServices], reason: str, matter: str | None = None) -> int:
    """Open (or renew) this conversation's ticket, or the one of a `matter` that others share; its number."""
    shop = call.services.shop
    customer = call.facts.get("customer") or {}
    handover = Handover(
        conversation=call.conversation or call.key,
        reason=reason,
        transcript=call.transcript,
        customer_id=customer.get("id"),
        order_number=call.facts.get("order_number") if customer else None,
        matter=matter,
    )
    return open_ticket(shop.database, handover, shop.now(), shop.settings.seal)
