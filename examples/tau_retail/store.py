"""The shop's database: customers, orders and products as the benchmark's file holds them, in memory.

Records stay plain JSON values, since what an action returns is the record itself. Money is in dollars, as in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.records import Record, found, read_json
from shopbot.tools import ActionError


@dataclass
class Store:
    """Records by their id."""

    users: dict[str, Record]
    orders: dict[str, Record]
    products: dict[str, Record]

    def user(self, user_id: str) -> Record:
        """A customer. Raises `ActionError` when there is none."""
        return found(self.users, user_id, "User")

    def order(self, order_id: str) -> Record:
        """An order. Raises `ActionError` when there is none."""
        return found(self.orders, order_id, "Order")

    def product(self, product_id: str) -> Record:
        """A product with its variants. Raises `ActionError` when there is none."""
        return found(self.products, product_id, "Product")

    def method(self, order: Record, payment_method_id: str) -> Record:
        """A way to pay of the order's customer. Raises `ActionError` when they have no such one."""
        return found(self.user(order["user_id"])["payment_methods"], payment_method_id, "Payment method")

    def pay(self, order: Record, payment_method_id: str, amount: float) -> None:
        """Take `amount` from a gift card's balance, or give it back when negative; other ways to pay have none."""
        method = self.method(order, payment_method_id)
        if method["source"] == "gift_card":
            method["balance"] = round(method["balance"] - amount, 2)

    def swaps(self, order: Record, item_ids: Sequence[str], new_item_ids: Sequence[str]) -> list[tuple[Record, Record]]:
        """Each item of the order beside the variant that takes its place.

        Raises:
            ActionError: unequal numbers, an item that is not in the order, or a variant that is no available one of
                the same product.
        """
        if len(item_ids) != len(new_item_ids):
            raise ActionError(f"{len(item_ids)} items and {len(new_item_ids)} new ones: each item needs exactly one.")
        left = list(order["items"])
        return [
            (item := take(left, old), self._variant(item, new)) for old, new in zip(item_ids, new_item_ids, strict=True)
        ]

    def _variant(self, item: Record, new_item_id: str) -> Record:
        variant: Record | None = self.product(item["product_id"])["variants"].get(new_item_id)
        if variant is None or not variant["available"]:
            raise ActionError(f"{new_item_id} is no available {item['name']}: choose one of the same product in stock.")
        return variant


def open_store(file: Path) -> Store:
    """The database in a JSON file, gzipped or not."""
    return Store(**read_json(file))


def take(items: list[Record], item_id: str) -> Record:
    """Take an item out of `items`, so that two of a kind are two. Raises `ActionError` when none is left."""
    found = next((item for item in items if item["item_id"] == item_id), None)
    if found is None:
        raise ActionError(f"{item_id} is not among the order's items, or not that often.")
    items.remove(found)
    return found


def difference(swaps: Sequence[tuple[Record, Record]]) -> float:
    """What the new items cost more than the old ones."""
    return float(sum(new["price"] - old["price"] for old, new in swaps))
