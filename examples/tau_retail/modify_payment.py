"""`modify_pending_order_payment`: another way to pay for a pending order."""

from __future__ import annotations

from examples.tau_retail.contract import changed, order_change
from examples.tau_retail.rules import covers
from examples.tau_retail.store import Store
from shopbot.tools import Call, Observation


def is_another_that_covers(call: Call[Store], order_id: str, payment_method_id: str) -> str | None:
    """One payment so far, by another method; a gift card covers the total."""
    order = call.services.order(order_id)
    first, *more = order["payment_history"]
    if more or first["transaction_type"] != "payment":
        return f"The payment of {order_id} was changed already, which is possible once."
    if first["payment_method_id"] == payment_method_id:
        return f"{order_id} is paid with {payment_method_id} already: ask for another way to pay."
    return covers(call.services, order, payment_method_id, first["amount"])


@order_change("pending", is_another_that_covers, confirm="modify_pending_order_payment")
def modify_pending_order_payment(call: Call[Store], order_id: str, payment_method_id: str) -> Observation:
    """Change how a pending order is paid; the first payment is refunded."""
    store = call.services
    order = store.order(order_id)
    amount, original = (order["payment_history"][0][name] for name in ("amount", "payment_method_id"))
    for kind, method, sign in (("payment", payment_method_id, 1), ("refund", original, -1)):
        order["payment_history"].append({"transaction_type": kind, "amount": amount, "payment_method_id": method})
        store.pay(order, method, sign * amount)
    return changed(order)
