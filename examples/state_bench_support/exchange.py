"""Exchange: for another product in stock, within the window of returns."""

from __future__ import annotations

import json

from examples.records import Record, found
from examples.state_bench_support.return_item import was_delivered
from examples.state_bench_support.rules import Window, is_active, too_late, window
from examples.state_bench_support.store import Store
from shopbot.tools import Call, Observation, action
from shopbot.tools.facts import named

SHOWN, CREDIT = "exchange:{item_id}:{new_product_id}", "credit:{item_id}"
"""The terms of an exchange were shown; store credit was, since the new product is out of stock."""


def is_another_product(call: Call[Store], item_id: str, new_product_id: str) -> str | None:
    """An item is not exchanged for its own product."""
    same = call.services.item(item_id)[1]["product_id"] == new_product_id
    return "Cannot exchange an item for the same product: use a return instead" if same else None


def in_time(call: Call[Store], item_id: str) -> str | None:
    """The window of returns holds for exchanges too, without grace."""
    order, item = call.services.item(item_id)
    if window(call.services, order, item) is Window.OPEN:
        return None
    return too_late(call.services, order, item, "exchange")


RULES = (is_active, was_delivered, is_another_product, in_time)


@action(gives=(SHOWN, CREDIT), rules=RULES, title="show what an exchange comes to")
def preview_exchange(call: Call[Store], item_id: str, new_product_id: str) -> Observation:
    """Show what an exchange would cost or give back; of what is out of stock, the store credit instead."""
    product = found(call.services.products, new_product_id, "Product")
    _, item = call.services.item(item_id)
    shown = {"status": "preview", "item_id": item_id, "new_product_id": new_product_id}
    if not product["in_stock"]:
        why = "Requested item out of stock — store credit is available for the original item"
        credit = {"out_of_stock": True, "store_credit_amount": item["unit_price"], "refund_method": "store_credit"}
        return Observation(
            json.dumps({**shown, **credit, "reason": why}), facts={named(CREDIT, {"item_id": item_id}): True}
        )
    sums = _sums(item, product)
    why = {0: "same-price item — no charge, no refund"}.get(sums["price_difference"], "an item of another price")
    text = json.dumps({**shown, **sums, "reason": f"Exchange for {why}"})
    return Observation(text, facts={named(SHOWN, {"item_id": item_id, "new_product_id": new_product_id}): True})


def in_stock(call: Call[Store], new_product_id: str) -> str | None:
    """What is out of stock is not exchanged for."""
    there = found(call.services.products, new_product_id, "Product")["in_stock"]
    return None if there else f"{new_product_id} is out of stock: issue store credit for the original item."


@action(needs=(SHOWN,), effect="write", goal=True, rules=(*RULES, in_stock))
def process_exchange(call: Call[Store], item_id: str, new_product_id: str) -> Observation:
    """Exchange an item for another product."""
    store = call.services
    _, item = store.item(item_id)
    product = found(store.products, new_product_id, "Product")
    item["item_status"] = "exchanged"
    item["replacement_item_id"] = new_item_id = store.replace(item, product)
    done = {"status": "exchanged", "item_id": item_id, "new_item_id": new_item_id, "new_product_id": new_product_id}
    return Observation(json.dumps({**done, **_sums(item, product)}))


def _sums(item: Record, product: Record) -> dict[str, int]:
    more = product["price"] - item["unit_price"]
    return {"price_difference": more, "customer_pays": max(more, 0), "store_credit_refund": max(-more, 0)}
