"""Where orders go: the address of one pending order, and the customer's default address."""

from __future__ import annotations

import json

from examples.tau_retail.contract import changed, order_change
from examples.tau_retail.rules import is_the_customer
from examples.tau_retail.store import Store
from shopbot.tools import Call, Observation, action


@order_change("pending", confirm="modify_pending_order_address")
def modify_pending_order_address(
    call: Call[Store], order_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
) -> Observation:
    """Change the shipping address of a pending order."""
    order = call.services.order(order_id)
    order["address"] = _address(address1, address2, city, state, country, zip)
    return changed(order)


@action(needs=("user",), effect="write", confirm="modify_user_address", goal=True, rules=(is_the_customer,))
def modify_user_address(
    call: Call[Store], user_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
) -> Observation:
    """Change the customer's default address. Orders keep theirs."""
    user = call.services.user(user_id)
    user["address"] = _address(address1, address2, city, state, country, zip)
    return Observation(json.dumps(user))


def _address(address1: str, address2: str, city: str, state: str, country: str, zip: str) -> dict[str, str]:
    lines = {"address1": address1, "address2": address2, "city": city}
    return {**lines, "state": state, "country": country, "zip": zip}
