"""The shop's records as the benchmark's tools return them, in memory, of one customer's conversation.

Records stay plain JSON values, since what an action returns is the record itself. Money is in whole dollars.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from examples.records import Record, found
from shopbot.tools import ActionError


@dataclass
class Store:
    """Records by their id, warranties by their item's. `customer_id` is whom the conversation serves."""

    customer_id: str
    orders: dict[str, Record]
    customers: dict[str, Record]
    products: dict[str, Record]
    warranties: dict[str, Record]
    policies: Record
    today: date

    def order(self, order_id: str) -> Record:
        """An order. Raises `ActionError` when there is none."""
        return found(self.orders, order_id, "Order")

    def item(self, item_id: str) -> tuple[Record, Record]:
        """The order that an item stands in, and the item. Raises `ActionError` when there is none."""
        for order in self.orders.values():
            for item in order["items"]:
                if item["item_id"] == item_id:
                    return order, item
        raise ActionError(f"Item not found: there is no {item_id!r}.")

    def customer(self, order: Record) -> Record:
        """Who placed the order. Raises `ActionError` when there is no such customer."""
        return found(self.customers, order["customer_id"], "Customer")

    def replace(self, item: Record, product: Record) -> str:
        """Put a new item of that product into the order of `item`; its id."""
        order, _ = self.item(item["item_id"])
        numbers = [
            int(n) for one in self.orders.values() for each in one["items"] for n in re.findall(r"\d+", each["item_id"])
        ]
        item_id = f"ITEM-{max(numbers, default=0) + 1}"
        blank = {
            name: False if isinstance(value, bool) else 0 if name == "goodwill_credit" else None
            for name, value in item.items()
        }
        kept = {name: item[name] for name in ("order_id", "quantity")}
        new = {
            "item_id": item_id,
            "product_id": product["product_id"],
            "unit_price": product["price"],
            "item_status": "confirmed",
            "product": product,
        }
        order["items"].append({**blank, **kept, **new})
        return item_id


def days_since(moment: str, today: date) -> int:
    """Days from a time stamp to today."""
    return (today - date.fromisoformat(moment[:10])).days
