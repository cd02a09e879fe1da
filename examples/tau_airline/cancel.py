"""`cancel_reservation`: the whole trip, when the policy lets it be cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from examples.tau_airline.change import reservation_change
from examples.tau_airline.look_up import reserved
from examples.tau_airline.rules import is_not_flown, mentions, words
from examples.tau_airline.store import NOW, Store
from shopbot.tools import Call, Observation

COVERED = "health|sick|ill|illness|unwell|medical|doctor|hospital|injur|surgery|weather|storm|hurricane|snow|flood"
"""What the insurance covers: health and weather."""


def may_be_cancelled(call: Call[Store], reservation_id: str) -> str | None:
    """Booked within 24 hours, cancelled by the airline, in business, or insured for the reason that was given."""
    reservation = call.services.reservation(reservation_id)
    is_new = NOW - datetime.fromisoformat(reservation["created_at"]) <= timedelta(hours=24)
    if is_new or reservation["cabin"] == "business" or "cancelled" in call.services.statuses(reservation):
        return None
    if reservation["insurance"] == "yes" and mentions(words(call), COVERED):
        return None
    return (
        f"{reservation_id} cannot be cancelled: it was booked more than 24 hours ago, the airline flies it, it is no "
        "business trip, and no insurance covers a reason of health or weather that the customer gave."
    )


@reservation_change(is_not_flown, may_be_cancelled, confirm="cancel_reservation")
def cancel_reservation(call: Call[Store], reservation_id: str) -> Observation:
    """Cancel a whole reservation; the refund goes to the original ways to pay in 5 to 7 days."""
    reservation = call.services.reservation(reservation_id)
    back = [{**payment, "amount": -payment["amount"]} for payment in reservation["payment_history"]]
    reservation["payment_history"] += back
    reservation["status"] = "cancelled"
    return reserved(reservation)
