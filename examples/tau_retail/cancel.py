"""`cancel_pending_order`: the whole order, for one of two reasons; every payment goes back to where it came from."""

from __future__ import annotations

from typing import Literal

from examples.tau_retail.contract import changed, order_change
from examples.tau_retail.store import Store
from shopbot.tools import Call, Observation


@order_change("pending", confirm="cancel_pending_order")
def cancel_pending_order(
    call: Call[Store], order_id: str, reason: Literal["no longer needed", "ordered by mistake"]
) -> Observation:
    """Cancel a pending order. The refund goes to the original ways to pay: to a gift card at once."""
    store = call.services
    order = store.order(order_id)
    for payment in list(order["payment_history"]):
        method, amount = payment["payment_method_id"], payment["amount"]
        order["payment_history"].append({"transaction_type": "refund", "amount": amount, "payment_method_id": method})
        store.pay(order, method, -amount)
    order.update(status="cancelled", cancel_reason=reason)
    return changed(order)
