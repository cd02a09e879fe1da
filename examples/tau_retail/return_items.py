"""`return_delivered_order_items`: some items of a delivered order, once."""

from __future__ import annotations

from collections.abc import Sequence

from examples.tau_retail.contract import changed, order_change
from examples.tau_retail.rules import are_its_items
from examples.tau_retail.store import Store
from shopbot.tools import Call, Observation


def goes_back(call: Call[Store], order_id: str, payment_method_id: str) -> str | None:
    """The refund goes to the original way to pay or to a gift card of the customer's."""
    order = call.services.order(order_id)
    method = call.services.method(order, payment_method_id)
    original = order["payment_history"][0]["payment_method_id"]
    if method["source"] == "gift_card" or payment_method_id == original:
        return None
    return f"A refund goes to {original}, with which the order was paid, or to a gift card, not to {payment_method_id}."


@order_change("delivered", are_its_items, goes_back, confirm="return_delivered_order_items")
def return_delivered_order_items(
    call: Call[Store], order_id: str, item_ids: Sequence[str], payment_method_id: str
) -> Observation:
    """Return items of a delivered order. The customer gets an e-mail that says how to send them back."""
    order = call.services.order(order_id)
    order.update(status="return requested", return_items=sorted(item_ids), return_payment_method_id=payment_method_id)
    return changed(order)
