"""`modify_pending_order_items`: items of a pending order for other variants of the same products, once."""

from __future__ import annotations

from collections.abc import Sequence

from examples.tau_retail.contract import changed, order_change
from examples.tau_retail.rules import are_its_items, are_variants, covers_difference
from examples.tau_retail.store import Store, difference
from shopbot.tools import Call, Observation


def are_other_variants(call: Call[Store], item_ids: Sequence[str], new_item_ids: Sequence[str]) -> str | None:
    """A modified item is another one afterwards."""
    same = [old for old, new in zip(item_ids, new_item_ids, strict=True) if old == new]
    return f"{same[0]} would stay what it is: leave it out." if same else None


@order_change(
    "pending",
    are_its_items,
    are_variants,
    are_other_variants,
    covers_difference,
    confirm="modify_pending_order_items",
)
def modify_pending_order_items(
    call: Call[Store], order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> Observation:
    """Modify items of a pending order, all in one call: it can be done once, and no item can be taken out."""
    store = call.services
    order = store.order(order_id)
    swaps = store.swaps(order, item_ids, new_item_ids)
    more = difference(swaps)
    for item, variant in swaps:
        item.update({name: variant[name] for name in ("item_id", "price", "options")})
    payment = {"transaction_type": "payment" if more > 0 else "refund", "amount": abs(more)}
    order["payment_history"].append({**payment, "payment_method_id": payment_method_id})
    store.pay(order, payment_method_id, more)
    order["status"] = "pending (item modified)"
    return changed(order)
