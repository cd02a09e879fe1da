"""The policy's rules that several actions share: each says in a sentence what does not hold, or None."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from examples.records import Record
from examples.tau_airline.store import Store
from shopbot.tools import Call

FREE_BAGS = {
    "regular": {"basic_economy": 0, "economy": 1, "business": 2},
    "silver": {"basic_economy": 1, "economy": 2, "business": 3},
    "gold": {"basic_economy": 2, "economy": 3, "business": 4},
}
"""Free checked bags for each passenger, by membership and cabin."""
EXTRA_BAG, INSURANCE = 50, 30
"""Dollars for a bag beyond the free ones, and for the insurance of one passenger."""


def words(call: Call[Store], speaker: str = "customer") -> str:
    """What the customer, or the agent, has said so far."""
    return "\n".join(text for who, text in call.transcript if who == speaker)


def gave_user_id(call: Call[Store], user_id: str) -> str | None:
    """The customer said who they are."""
    return None if user_id in words(call) else "The customer has not given this user id: ask for it."


def is_own_reservation(call: Call[Store], reservation_id: str) -> str | None:
    """The reservation belongs to the customer who speaks."""
    owner = call.services.reservation(reservation_id)["user_id"]
    return (
        None
        if owner in words(call)
        else f"{reservation_id} is of a user id that the customer has not given: ask for it."
    )


def is_not_cancelled(call: Call[Store], reservation_id: str) -> str | None:
    """A cancelled reservation is changed no more."""
    status = call.services.reservation(reservation_id).get("status")
    return f"{reservation_id} is cancelled already." if status == "cancelled" else None


def is_not_flown(call: Call[Store], reservation_id: str) -> str | None:
    """No segment has been used."""
    flown = {"landed", "flying"} & set(call.services.statuses(call.services.reservation(reservation_id)))
    return f"A flight of {reservation_id} is {flown.pop()}: hand over to a person." if flown else None


def can_pay_change(store: Store, reservation: Record, payment_id: str, amount: float) -> str | None:
    """A change is paid with one gift card that covers it, or one credit card."""
    method = store.method(reservation["user_id"], payment_id)
    if method["source"] == "certificate":
        return "A certificate cannot pay for a change: ask for a gift card or credit card."
    if method["source"] == "gift_card" and method["amount"] < amount:
        return f"{payment_id} holds {method['amount']}, and {amount} is needed: ask for another way to pay."
    return None


def named_payment(call: Call[Store], reservation_id: str, payment_id: str) -> str | None:
    """The customer named the way to pay, or answered a question that did; the original one need not be named."""
    reservation = call.services.reservation(reservation_id)
    asked = [text for who, text in call.transcript if who == "agent"][-1:]
    said = "\n".join([words(call), *asked]).lower()
    method = call.services.method(reservation["user_id"], payment_id)
    paid_before = any(payment["payment_id"] == payment_id for payment in reservation["payment_history"])
    if paid_before or payment_id in said or any(name in said for name in _names(method)):
        return None
    return f"The customer has not said to pay with {payment_id}: ask for the way to pay."


def _names(method: Mapping[str, Any]) -> list[str]:
    """How people call a way to pay."""
    source = str(method["source"]).replace("_", " ")
    return [
        source,
        "card on file",
        "my card",
        *(str(method[key]).lower() for key in ("last_four", "brand") if key in method),
    ]


def bags_are_counted(user: Record, cabin: str, passengers: int, total: int, nonfree: int) -> str | None:
    """The bags that cost are exactly those beyond the free ones of the booking customer."""
    free = FREE_BAGS[user["membership"]][cabin] * passengers
    wanted = max(0, total - free)
    return (
        None
        if nonfree == wanted
        else f"{free} bags are free, so {wanted} of {total} cost: nonfree_baggages is {wanted}."
    )


def leads(segments: Sequence[Record], origin: str, destination: str, flight_type: str) -> str | None:
    """The segments lead from the origin to the destination, and back on a round trip."""
    stops = [origin]
    for segment in segments:
        if segment["origin"] != stops[-1]:
            return (
                f"{segment['flight_number']} leaves from {segment['origin']}, not from {stops[-1]}: name every segment."
            )
        stops.append(segment["destination"])
    end = origin if flight_type == "round_trip" else destination
    if stops[-1] == end and destination in stops:
        return None
    return f"These flights do not make the {flight_type.replace('_', ' ')} from {origin} to {destination}."


def mentions(text: str, pattern: str) -> bool:
    """Whether a word of the pattern stands in the text."""
    return re.search(rf"\b({pattern})", text, re.IGNORECASE) is not None
