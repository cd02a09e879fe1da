"""What all changes of an order have in common: the customer's own order, looked at before, confirmed, done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from examples.tau_retail.rules import has_status, is_own_order
from shopbot.tools import Action, Observation, Rule, action


def order_change(status: str, *rules: Rule, confirm: str) -> Callable[[Callable[..., Observation]], Action]:
    """The contract of a change of an order in that status."""
    return action(
        needs=("user", "order:{order_id}"),
        gives=("order:{order_id}",),
        effect="write",
        confirm=confirm,
        goal=True,
        rules=(is_own_order, has_status(status), *rules),
    )


def changed(order: dict[str, Any]) -> Observation:
    """The order after a change."""
    return Observation(json.dumps(order), facts={f"order:{order['order_id']}": order["status"]})
