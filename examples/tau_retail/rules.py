"""The policy's rules that several actions share: each says in a sentence what does not hold, or None."""

from __future__ import annotations

from collections.abc import Sequence

from examples.tau_retail.store import Store, difference, take
from shopbot.tools import Call, Rule


def is_the_customer(call: Call[Store], user_id: str) -> str | None:
    """One conversation serves the one customer who was identified in it."""
    return None if user_id == call.facts["user"] else f"{user_id} is not the customer of this conversation: refuse."


def is_own_order(call: Call[Store], order_id: str) -> str | None:
    """An order is shown to its own customer and changed for no other."""
    own = call.services.order(order_id)["user_id"] == call.facts["user"]
    return None if own else f"{order_id} is another customer's order: refuse."


def has_status(wanted: str) -> Rule:
    """The rule that the order's status is `wanted`; an order that was changed already has another one."""

    def rule(call: Call[Store], order_id: str) -> str | None:
        status = call.services.order(order_id)["status"]
        return (
            None if status == wanted else f"Order {order_id} is {status!r}; this is possible only for a {wanted} one."
        )

    return rule


def are_its_items(call: Call[Store], order_id: str, item_ids: Sequence[str]) -> str | None:
    """The items are the order's, and at least one."""
    left = list(call.services.order(order_id)["items"])
    for item_id in item_ids:
        take(left, item_id)
    return None if item_ids else "No item is named: ask which ones are meant."


def are_variants(call: Call[Store], order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str]) -> str | None:
    """Each item gets an available variant of the same product."""
    call.services.swaps(call.services.order(order_id), item_ids, new_item_ids)
    return None


def covers_difference(
    call: Call[Store], order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> str | None:
    """A way to pay of the customer's; a gift card covers what the new items cost more."""
    store = call.services
    order = store.order(order_id)
    return covers(store, order, payment_method_id, difference(store.swaps(order, item_ids, new_item_ids)))


def covers(store: Store, order: dict[str, object], payment_method_id: str, amount: float) -> str | None:
    """Whether the way to pay is the customer's and, being a gift card, has the balance."""
    method = store.method(order, payment_method_id)
    if method["source"] == "gift_card" and method["balance"] < amount:
        return f"{payment_method_id} holds {method['balance']}, and {amount:.2f} is needed: choose another way to pay."
    return None
