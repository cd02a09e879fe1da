"""What can be looked up: orders, the customer, policies, products, warranties."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Literal

from examples.records import found
from examples.state_bench_support.rules import is_own_order
from examples.state_bench_support.store import Store
from shopbot.tools import Call, Observation, Source, action


def is_the_customer(call: Call[Store], customer_id: str) -> str | None:
    """One conversation serves one customer."""
    own = customer_id == call.services.customer_id
    return None if own else f"{customer_id} is not the customer of this conversation: refuse."


@action(gives=("order:{order_id}",), rules=(is_own_order,), title="look at the order")
def get_order(call: Call[Store], order_id: str) -> Observation:
    """Get an order with its items."""
    order = call.services.order(order_id)
    return Observation(json.dumps(order), facts={f"order:{order_id}": order["status"]})


@action(rules=(is_the_customer,))
def get_customer(call: Call[Store], customer_id: Annotated[str, Source.ENGINE]) -> Observation:
    """Get the customer's profile: membership, benefits, store credit."""
    return Observation(json.dumps(found(call.services.customers, customer_id, "Customer")))


@action()
def get_policies(
    call: Call[Store], topic: Literal["return", "warranty", "refund", "exchange", "cancellation", "shipping"]
) -> Observation:
    """Get the rules on a topic."""
    return Observation(json.dumps({"topic": topic, "rules": call.services.policies[topic]}))


@action()
def get_product_details(call: Call[Store], product_id: str) -> Observation:
    """Get a product: category, price, stock, warranty."""
    return Observation(json.dumps(found(call.services.products, product_id, "Product")))


@action()
def search_products(call: Call[Store], query: Annotated[str, Source.ENGINE]) -> Observation:
    """Search products by words of their names."""
    words = query.lower().split()
    found_in = [(sum(word in one["name"].lower() for word in words), one) for one in call.services.products.values()]
    best = sorted((hit for hit in found_in if hit[0]), key=lambda hit: (-hit[0], hit[1]["name"]))
    shown = ("product_id", "name", "category", "subcategory", "in_stock")
    results = [{**{name: one.get(name) for name in shown}, "matched_field": "name"} for _, one in best]
    return Observation(json.dumps({"query": query, "results": results}))


@action(gives=("warranty:{item_id}",), title="look at the warranty")
def get_warranty_status(call: Call[Store], item_id: str) -> Observation:
    """Get the warranty of an item: type, end, claims so far."""
    store = call.services
    store.item(item_id)
    warranty = store.warranties.get(item_id)
    if warranty is None:
        missing = {"item_id": item_id, "has_warranty": False, "message": "No warranty found for this item."}
        return Observation(json.dumps(missing))
    left = (date.fromisoformat(warranty["end_date"][:10]) - store.today).days
    now = {"is_active": left >= 0, "days_until_expiry": max(left, 0), "days_past_expiry": max(-left, 0)}
    return Observation(json.dumps({**warranty, **now, "has_warranty": True}), facts={f"warranty:{item_id}": left})
