"""Refunds without a return: a thing that never came, a late parcel, a lower price, a gesture, another way to be paid.

An amount is right when it is what the policies grant for the order: one of the parts below, or several together.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Literal

from examples.records import Record
from examples.state_bench_support.exchange import CREDIT
from examples.state_bench_support.return_item import FAULTS
from examples.state_bench_support.rules import GONE, NEVER_CAME, said
from examples.state_bench_support.store import Store, days_since
from shopbot.tools import Call, Observation, Source, action
from shopbot.tools.facts import named

Method = Literal["original_payment", "store_credit"]
LATE = ((6, 15), (3, 15), (1, 5))
"""Days late from which a credit is due, and the credit."""
MULTIPLIER = {"gold": 1.5, "platinum": 2.0}
REPEATED, LOYALTY, LOYAL_FROM, FRAGILE = 25, 50, 50, 10
INVESTIGATED = 500
"""Dollars from which a delivery that nobody received is looked into first."""
PRICE_MATCH_DAYS = 7
SHOWN = "refund:{item_id}:{amount}"


def is_granted(call: Call[Store], item_id: str, amount: float) -> str | None:
    """The amount is what the policies grant."""
    order, item = call.services.item(item_id)
    sums = _granted(call, order, item)
    return None if amount in sums else f"No policy grants {amount:g} for {item_id}; {sorted(sums) or 'none'} would do."


def keeps_credit(call: Call[Store], item_id: str, refund_method: str) -> str | None:
    """What was returned for store credit only stays store credit."""
    _, item = call.services.item(item_id)
    flips = item["store_credit_only"] and refund_method != "store_credit"
    return f"{item_id} was returned for store credit only." if flips else None


@action(gives=(SHOWN,), title="show a refund")
def preview_refund(
    call: Call[Store], item_id: str, refund_method: Method, amount: Annotated[float, Source.ENGINE]
) -> Observation:
    """Show a refund for an item. Nothing is paid."""
    call.services.item(item_id)
    shown = {"status": "preview", "item_id": item_id, "refund_amount": amount, "refund_method": refund_method}
    return Observation(json.dumps(shown), facts={named(SHOWN, {"item_id": item_id, "amount": amount}): True})


@action(needs=(SHOWN,), effect="write", goal=True, rules=(keeps_credit, is_granted))
def process_refund(
    call: Call[Store], item_id: str, refund_method: Method, amount: Annotated[float, Source.ENGINE]
) -> Observation:
    """Pay a refund that a policy grants, to the original way to pay or as store credit."""
    _, item = call.services.item(item_id)
    returned = item["item_status"] == "returned"
    same = returned and amount == item["refund_amount"]
    mode = "refund_method_update" if same else "supplemental_refund" if returned else "refund"
    if mode == "supplemental_refund":
        item.update(goodwill_credit=item["goodwill_credit"] + amount, goodwill_credit_method=refund_method)
    else:
        item.update(refund_amount=amount, refund_method=refund_method)
    done = {"status": "refunded", "item_id": item_id, "mode": mode, "refund_amount": amount}
    more = {"refund_method": refund_method, "total_goodwill_credit": item["goodwill_credit"]}
    return Observation(json.dumps({**done, **more}))


def _granted(call: Call[Store], order: Record, item: Record) -> set[float]:
    """Every sum that the policies grant: of parts that each have one amount, or several to choose from."""
    parts = [_for_lateness(call.services, order), _for_price(call.services, order, item), _for_damage(order, item)]
    parts += [_for_nothing_received(call, order, item)]
    returned = item["item_status"] == "returned"
    parts += [[order["shipping_cost"]]] if returned and item["return_reason"] in FAULTS else []
    sums: set[float] = {0}
    for amounts in parts:
        sums |= {so_far + amount for so_far in sums for amount in amounts}
    sums |= {item["refund_amount"]} if returned else set()
    return sums - {0}


def _for_lateness(store: Store, order: Record) -> list[int]:
    """By days late and membership, with what earlier issues and loyalty add, at most half of the order."""
    if not (order["delivery_date"] and order["delivery_promised_date"]):
        return []
    days = days_since(order["delivery_promised_date"], date.fromisoformat(order["delivery_date"][:10]))
    credit = next((credit for least, credit in LATE if days >= least), 0)
    if not credit:
        return []
    customer = store.customer(order)
    credit = int(credit * MULTIPLIER.get(customer["membership_tier"], 1))
    shipping = {0, order["shipping_cost"]} if days >= LATE[0][0] else {0}
    loyal = customer["membership_tier"] == "platinum" and customer["total_orders"] >= LOYAL_FROM
    extras = {0, REPEATED, *((LOYALTY, REPEATED + LOYALTY) if loyal else ())}
    return sorted({min(credit + more + extra, int(order["total_paid"] / 2)) for more in shipping for extra in extras})


def _for_price(store: Store, order: Record, item: Record) -> list[int]:
    """The price fell within a week of delivery."""
    now = item["product"]["current_price"]
    if now is None or not order["delivery_date"]:
        return []
    fell = item["unit_price"] - now
    return [fell] if fell > 0 and days_since(order["delivery_date"], store.today) <= PRICE_MATCH_DAYS else []


def _for_damage(order: Record, item: Record) -> list[int]:
    """A gesture for a fragile thing that broke on the way."""
    return [FRAGILE] if "damaged" in (order["shipping_status"], (item["return_reason"] or "").split("_")[0]) else []


def _for_nothing_received(call: Call[Store], order: Record, item: Record) -> list[int]:
    """The price, with the shipping or without: of what never came, unless somebody signed for it, it is looked into
    first, or something was sent in its place; and of what is out of stock, for an exchange."""
    price = int(item["unit_price"] * item["quantity"])
    if call.facts.get(named(CREDIT, item)):
        return [price]
    paid = price - int((order["discount_amount"] or 0) * price / order["subtotal"])
    settled = item["item_status"] in GONE or item["replacement_item_id"] or item["refund_amount"]
    open_to_refund = order["subtotal"] < INVESTIGATED and not order["signature_on_file"] and not settled
    return [paid, paid + order["shipping_cost"]] if open_to_refund and said(call, NEVER_CAME) else []
