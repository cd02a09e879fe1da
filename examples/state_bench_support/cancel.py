"""Cancellation: free before shipment, ten dollars an item on the way, never after delivery."""

from __future__ import annotations

import json
from collections.abc import Sequence

from examples.records import Record
from examples.state_bench_support.rules import is_own_order
from examples.state_bench_support.store import Store
from shopbot.tools import Call, Observation, action
from shopbot.tools.facts import named

SHOWN = "cancellation:{order_id}:{item_ids}"
INTERCEPT = 10
"""Dollars for each item that is on its way."""


def can_be_cancelled(call: Call[Store], order_id: str, item_ids: Sequence[str]) -> str | None:
    """The items are the order's, not cancelled before, and not delivered."""
    order = call.services.order(order_id)
    items = _items(order, item_ids)
    unknown = set(item_ids) - {item["item_id"] for item in items}
    if unknown:
        return f"{', '.join(sorted(unknown))} is not in {order_id}."
    if not items or any(item["item_status"] == "cancelled" for item in items):
        return "Already cancelled orders cannot be cancelled again"
    arrived = order["shipping_status"] == "delivered" or (
        order["shipping_status"] == "in_transit" and any(item["item_status"] == "delivered" for item in items)
    )
    return "Cannot cancel delivered items: use the return process instead" if arrived else None


@action(
    needs=("order:{order_id}",),
    gives=(SHOWN,),
    rules=(is_own_order, can_be_cancelled),
    title="show what a cancellation comes to",
)
def preview_cancellation(call: Call[Store], order_id: str, item_ids: Sequence[str]) -> Observation:
    """Show what cancelling these items, or the whole order when none is named, would come to."""
    order = call.services.order(order_id)
    items = _items(order, item_ids)
    fee, refund = _sums(order, items)
    why = "In-transit cancellation — $10 intercept fee per item" if fee else "Pre-shipment cancellation — no fee"
    ids = [item["item_id"] for item in items]
    shown = {"status": "preview", "order_id": order_id, "items_to_cancel": ids, "cancellation_fee": fee}
    text = json.dumps({**shown, "refund_amount": refund, "reason": why})
    return Observation(text, facts={named(SHOWN, {"order_id": order_id, "item_ids": item_ids}): refund})


@action(
    needs=("order:{order_id}", SHOWN),
    effect="write",
    goal=True,
    rules=(is_own_order, can_be_cancelled),
)
def cancel_order(call: Call[Store], order_id: str, item_ids: Sequence[str]) -> Observation:
    """Cancel items of an order, or all of it when none is named."""
    order = call.services.order(order_id)
    items = _items(order, item_ids)
    fee, refund = _sums(order, items)
    method = order["payment_method"]
    for item in items:
        item.update(item_status="cancelled", refund_amount=_sums(order, [item])[1], refund_method=method)
    whole = all(item["item_status"] == "cancelled" for item in order["items"])
    order["status"] = "cancelled" if whole else "partially_cancelled"
    ids = [item["item_id"] for item in items]
    done = {"status": "cancelled", "order_id": order_id, "items_cancelled": ids, "cancellation_fee": fee}
    return Observation(json.dumps({**done, "refund_amount": refund, "refund_method": method}))


def _items(order: Record, item_ids: Sequence[str]) -> list[Record]:
    wanted = [item for item in order["items"] if item["item_status"] != "cancelled" or item["item_id"] in item_ids]
    return [item for item in wanted if not item_ids or item["item_id"] in item_ids]


def _sums(order: Record, items: Sequence[Record]) -> tuple[int, int]:
    """The fee, and what is refunded."""
    price = sum(item["unit_price"] * item["quantity"] for item in items)
    share = int(order["discount_amount"] * price / order["subtotal"]) if order["discount_amount"] else 0
    fee = INTERCEPT * len(items) if order["shipping_status"] == "in_transit" else 0
    return fee, int(price) - share - fee
