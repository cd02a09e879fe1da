"""The policies' rules that several actions share: each says in a sentence what does not hold, or None."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import Enum

from examples.records import Record
from examples.state_bench_support.store import Store, days_since
from shopbot.tools import Call

GONE = {
    "returned": "Item already returned",
    "exchanged": "Item already exchanged",
    "cancelled": "Item already cancelled",
}
NEVER_CAME = (
    "missing|lost|stuck|no sign|no update|(never|not|n't) (arriv|came|turn|show|receiv|got|get|find|there|in the)"
)
"""How people say that a parcel, or a thing in it, did not reach them."""
GRACE = 15
"""Days past the window in which a return is for store credit."""


class Window(Enum):
    """Where today is in the time for returns."""

    OPEN = "open"
    GRACE = "store credit only"
    CLOSED = "closed"


def is_own_order(call: Call[Store], order_id: str) -> str | None:
    """An order is shown to its own customer."""
    own = call.services.order(order_id)["customer_id"] == call.services.customer_id
    return None if own else f"{order_id} is another customer's order: refuse."


def is_active(call: Call[Store], item_id: str) -> str | None:
    """The item was not returned, exchanged or cancelled before."""
    _, item = call.services.item(item_id)
    return GONE.get(item["item_status"])


def window(store: Store, order: Record, item: Record) -> Window:
    """Whether the item may go back today: longer for members, prime customers and orders before the holidays."""
    customer = store.customer(order)
    extra = 15 * (customer["membership_tier"] in ("gold", "platinum")) + 15 * customer["has_prime_shipping"]
    last = date.fromisoformat(order["delivery_date"][:10]) + timedelta(item["product"]["return_window_days"] + extra)
    ordered = date.fromisoformat(order["order_date"][:10])
    if ordered.month in (11, 12):
        last = max(last, date(ordered.year + 1, 1, 31))
    if store.today <= last:
        return Window.OPEN
    return Window.GRACE if store.today <= last + timedelta(GRACE) else Window.CLOSED


def too_late(store: Store, order: Record, item: Record, what: str) -> str:
    """What is said when the window has closed."""
    days, since = item["product"]["return_window_days"], days_since(order["delivery_date"], store.today)
    return f"Outside {days}-day {what} window ({since} days since delivery)"


def said(call: Call[Store], pattern: str) -> bool:
    """Whether the customer said a word of the pattern."""
    words = "\n".join(text for who, text in call.transcript if who == "customer").replace("’", "'")
    return re.search(pattern, words, re.IGNORECASE) is not None
