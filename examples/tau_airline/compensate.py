"""`send_certificate`: a gesture for cancelled or delayed flights, for customers to whom the policy grants one."""

from __future__ import annotations

from typing import Annotated

from examples.tau_airline.rules import gave_user_id, mentions, words
from examples.tau_airline.store import Store
from shopbot.tools import Call, Observation, Source, action

FOR_EACH = {"cancelled": 100, "delayed": 50}
"""Dollars for each passenger, by what became of a flight."""
NEW_IDS = ("certificate_3221322", "certificate_3221323", "certificate_3221324")


def complained(call: Call[Store]) -> str | None:
    """A gesture is not offered unasked."""
    asked = mentions(words(call), "compensat|certificate|voucher|refund|gesture|make up for|inconvenien")
    return None if asked else "The customer has not asked for compensation: do not offer it."


def is_granted(call: Call[Store], user_id: str, amount: float) -> str | None:
    """The amount is what one of the customer's reservations with a cancelled or delayed flight gives."""
    user = call.services.user(user_id)
    granted = {each for one in user["reservations"] for each in _granted(call.services, user["membership"], one)}
    return (
        None if amount in granted else f"No reservation gives a certificate of {amount}; {granted or 'none'} would do."
    )


def _granted(store: Store, membership: str, reservation_id: str) -> list[int]:
    reservation = store.reservation(reservation_id)
    if membership == "regular" and reservation["insurance"] == "no" and store.cabin(reservation) != "business":
        return []
    statuses = set(store.statuses(reservation))
    return [each * len(reservation["passengers"]) for status, each in FOR_EACH.items() if status in statuses]


@action(effect="write", confirm="send_certificate", goal=True, rules=(gave_user_id, complained, is_granted))
def send_certificate(call: Call[Store], user_id: str, amount: Annotated[float, Source.ENGINE]) -> Observation:
    """Send a certificate as a gesture for cancelled or delayed flights, when the customer complains about them."""
    methods = call.services.user(user_id)["payment_methods"]
    payment_id = next(one for one in NEW_IDS if one not in methods)
    methods[payment_id] = {"source": "certificate", "amount": amount, "id": payment_id}
    return Observation(f"Certificate {payment_id} added to user {user_id} with amount {amount:g}.")
