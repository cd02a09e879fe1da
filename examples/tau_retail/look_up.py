"""What can be looked up: an order, a product with its variants, all products."""

from __future__ import annotations

import json

from examples.tau_retail.rules import is_own_order
from examples.tau_retail.store import Store
from shopbot.tools import Call, Observation, action


@action(needs=("user",), gives=("order:{order_id}",), rules=(is_own_order,), title="look at the order")
def get_order_details(call: Call[Store], order_id: str) -> Observation:
    """Get the status and details of an order."""
    order = call.services.order(order_id)
    return Observation(json.dumps(order), facts={f"order:{order_id}": order["status"]})


@action()
def get_product_details(call: Call[Store], product_id: str) -> Observation:
    """Get a product's variants: options, price, availability. The product id is not an item id."""
    return Observation(json.dumps(call.services.product(product_id)))


@action()
def list_all_product_types(call: Call[Store]) -> Observation:
    """List the names and product ids of all products."""
    names = {product["name"]: product["product_id"] for product in call.services.products.values()}
    return Observation(json.dumps(dict(sorted(names.items()))))
