"""`exchange_delivered_order_items`: items of a delivered order for other variants of the same products, once."""

from __future__ import annotations

from collections.abc import Sequence

from examples.tau_retail.contract import changed, order_change
from examples.tau_retail.rules import are_its_items, are_variants, covers_difference
from examples.tau_retail.store import Store, difference
from shopbot.tools import Call, Observation


@order_change("delivered", are_its_items, are_variants, covers_difference, confirm="exchange_delivered_order_items")
def exchange_delivered_order_items(
    call: Call[Store], order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> Observation:
    """Exchange items of a delivered order, all in one call: each new item stands where the old one does in its list."""
    store = call.services
    order = store.order(order_id)
    order.update(
        status="exchange requested",
        exchange_items=sorted(item_ids),
        exchange_new_items=sorted(new_item_ids),
        exchange_payment_method_id=payment_method_id,
        exchange_price_difference=round(difference(store.swaps(order, item_ids, new_item_ids)), 2),
    )
    return changed(order)
