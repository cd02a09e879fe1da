"""Returns: what comes back, reckoned by the return and refund policies, and the return itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from examples.records import Record
from examples.state_bench_support.rules import Window, is_active, too_late, window
from examples.state_bench_support.store import Store
from shopbot.tools import Call, Observation, Source, action
from shopbot.tools.facts import named

Reason = Literal["changed_mind", "defective", "wrong_item", "damaged_in_transit", "not_as_described"]
FAULTS = ("defective", "wrong_item", "damaged_in_transit")
"""Reasons that are the shop's: no window, no deduction, a free label."""
RESTOCKING, WAIVED = 0.15, {"platinum": 1.0, "gold": 0.5, "silver": 0.25, "standard": 0.0}
"""The restocking fee of opened electronics as a share of the price, and how much of it each membership is spared."""
FREE_SHIPPING, FREE_LABEL, SHIPPING = 100, 50, 8
BULK, SURCHARGE = 3, 5
SHOWN = "return:{item_id}:{reason}"


@dataclass(frozen=True)
class Terms:
    """What a return comes to: each part in dollars, in the names of the benchmark."""

    base: int
    restocking_fee: int = 0
    discount_adjustment: int = 0
    shipping_clawback: int = 0
    bulk_clawback: int = 0
    repeat_surcharge: int = 0
    paid_return_shipping_fee: int = 0
    restocking_discount: int = 0

    @property
    def amount(self) -> int:
        """The refund."""
        fees = self.shipping_clawback + self.bulk_clawback + self.repeat_surcharge + self.paid_return_shipping_fee
        return self.base - self.restocking_fee + self.restocking_discount - fees


def terms(store: Store, order: Record, item: Record, reason: str) -> Terms:
    """What the policies make of a return of the item."""
    price = int(item["unit_price"] * item["quantity"])
    share = int(order["discount_amount"] * price / order["subtotal"]) if order["discount_amount"] else 0
    current = item["product"]["current_price"]
    base = int(current) if order["is_gift"] and current is not None else price - share
    if reason in FAULTS:
        return Terms(base, discount_adjustment=share)
    back = [each for each in order["items"] if each["item_status"] == "returned"]
    left = len(order["items"]) - len(back) - 1
    remaining = order["subtotal"] - sum(each["unit_price"] for each in back) - price
    same = [each for each in back if each["product"]["category"] == item["product"]["category"]]
    opened = reason == "changed_mind" and item["product"]["category"] == "electronics"
    spared = WAIVED[store.customer(order)["membership_tier"]]
    fee = int(price * RESTOCKING) if opened and spared < 1 else 0
    return Terms(
        base,
        restocking_fee=fee,
        discount_adjustment=share,
        shipping_clawback=SHIPPING if order["subtotal"] >= FREE_SHIPPING > remaining else 0,
        bulk_clawback=SURCHARGE * left if order["discount_code"] and len(order["items"]) >= BULK > left else 0,
        repeat_surcharge=SURCHARGE if same else 0,
        paid_return_shipping_fee=SHIPPING if order["subtotal"] < FREE_LABEL else 0,
        restocking_discount=int(price * RESTOCKING * spared) if fee else 0,
    )


def in_time(call: Call[Store], item_id: str, reason: str) -> str | None:
    """A return that is not the shop's fault has a window."""
    order, item = call.services.item(item_id)
    if reason in FAULTS or window(call.services, order, item) is not Window.CLOSED:
        return None
    return too_late(call.services, order, item, "return")


def was_delivered(call: Call[Store], item_id: str) -> str | None:
    """Only what has arrived goes back."""
    order, _ = call.services.item(item_id)
    return None if order["delivery_date"] else f"{item_id} has not been delivered: cancel it instead."


@action(gives=(SHOWN,), rules=(is_active, was_delivered, in_time), title="show what a return comes to")
def preview_return(call: Call[Store], item_id: str, reason: Reason) -> Observation:
    """Show what a return of the item would come to, part by part. Nothing is returned."""
    order, item = call.services.item(item_id)
    parts = terms(call.services, order, item, reason)
    ours = reason in FAULTS
    shown = {"status": "preview", "item_id": item_id, "return_eligible": True, "reason": reason}
    sums = {"refund_amount": parts.amount, "refund_method": method(call.services, order, item, reason)}
    flags = {"free_return_shipping": ours, "shipping_refund": ours}
    return Observation(
        json.dumps({**shown, **sums, **flags, **_parts(parts)}),
        facts={named(SHOWN, {"item_id": item_id, "reason": reason}): True},
    )


def is_reckoned(call: Call[Store], item_id: str, reason: str, amount: float) -> str | None:
    """The refund is what the policies make of it."""
    order, item = call.services.item(item_id)
    due = terms(call.services, order, item, reason).amount
    return None if amount == due else f"The refund of {item_id} is {due}, not {amount:g}."


@action(
    needs=(SHOWN,),
    effect="write",
    goal=True,
    rules=(is_active, was_delivered, in_time, is_reckoned),
)
def process_return(
    call: Call[Store], item_id: str, reason: Reason, amount: Annotated[float, Source.ENGINE]
) -> Observation:
    """Take an item back for the amount that its preview showed."""
    order, item = call.services.item(item_id)
    parts, pays = terms(call.services, order, item, reason), method(call.services, order, item, reason)
    credit_only = pays == "store_credit"
    done = {
        "return_reason": reason,
        "refund_amount": amount,
        "refund_method": pays,
        "restocking_fee": parts.restocking_fee,
    }
    item.update(item_status="returned", **done, return_label_issued=reason in FAULTS, store_credit_only=credit_only)
    whole = all(each["item_status"] == "returned" for each in order["items"])
    order["status"] = "fully_returned" if whole else "partially_returned"
    sums = {"refund_amount": amount, "policy_computed_amount": parts.amount, "refund_method": pays}
    shown = {"status": "returned", "item_id": item_id, **sums, "return_label_issued": reason in FAULTS, **_parts(parts)}
    del shown["discount_adjustment"]
    return Observation(json.dumps(shown))


def method(store: Store, order: Record, item: Record, reason: str) -> str:
    """Where the refund goes: store credit for gifts and in the days of grace."""
    late = reason not in FAULTS and window(store, order, item) is Window.GRACE
    return "store_credit" if order["is_gift"] or late else "original_payment"


def _parts(parts: Terms) -> dict[str, int]:
    return {name: value for name, value in asdict(parts).items() if name != "base"}
