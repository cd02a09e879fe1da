"""The support desk over records of our own: what a preview shows is what may be done, for the amount that is due."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from examples.state_bench_support import ACTIONS, Store, create_desk
from shopbot.engines.scripted import ScriptedEngine
from shopbot.tools import Call
from shopbot.tools.rules import broken

BY_NAME = {action.name: action for action in ACTIONS}
PRODUCT = {"name": "Radio", "category": "electronics", "price": 200, "current_price": None, "return_window_days": 15}
ITEM = {
    "item_id": "ITEM-1",
    "product_id": "P-1",
    "quantity": 1,
    "unit_price": 200,
    "item_status": "delivered",
    "return_reason": None,
    "refund_amount": None,
    "replacement_item_id": None,
    "goodwill_credit": 0,
    "store_credit_only": False,
    "product": PRODUCT,
}
ORDER = {
    "order_id": "ORD-1",
    "customer_id": "c1",
    "order_date": "2026-03-01T10:00:00",
    "status": "delivered",
    "shipping_status": "delivered",
    "shipping_cost": 0,
    "delivery_date": "2026-03-10T10:00:00",
    "delivery_promised_date": "2026-03-03T10:00:00",
    "signature_on_file": None,
    "payment_method": "credit_card",
    "subtotal": 200,
    "total_paid": 200,
    "discount_code": None,
    "discount_amount": 0,
    "is_gift": False,
}
CUSTOMER = {"membership_tier": "gold", "has_prime_shipping": False, "total_orders": 3}


def store(today: str = "2026-03-12", item: dict[str, Any] | None = None, **order: Any) -> Store:
    """One delivered order of one radio."""
    orders = {"ORD-1": {**ORDER, **order, "items": [{**ITEM, **(item or {})}]}}
    return Store("c1", orders, {"c1": CUSTOMER}, {}, {}, {}, date.fromisoformat(today))


def against(shop: Store, name: str, said: str = "", **args: Any) -> str | None:
    """What the rules of the action say to the call."""
    return broken(BY_NAME[name], Call(shop, {}, "", "", [("customer", said)]), args)


def test_the_eleven_tools_are_sixteen_actions_and_each_write_needs_to_have_been_shown() -> None:
    writes = [action for action in ACTIONS if action.effect == "write"]
    assert (len(ACTIONS), len(writes)) == (16, 5)
    assert all(action.needs and action.rules for action in writes)


@pytest.mark.parametrize(("reason", "due"), [("changed_mind", 200 - 30 + 15 - 8), ("defective", 200)])
def test_a_return_is_reckoned_by_its_reason_and_the_membership(reason: str, due: int) -> None:
    assert against(store(), "process_return", item_id="ITEM-1", reason=reason, amount=due) is None
    assert f"is {due}" in str(against(store(), "process_return", item_id="ITEM-1", reason=reason, amount=due + 1))


@pytest.mark.parametrize(("today", "allowed"), [("2026-04-09", True), ("2026-04-24", True), ("2026-04-25", False)])
def test_members_have_longer_and_then_store_credit(today: str, allowed: bool) -> None:
    args = {"item_id": "ITEM-1", "reason": "changed_mind"}
    assert (against(store(today), "preview_return", **args) is None) is allowed


@pytest.mark.parametrize(
    ("amount", "said", "allowed"),
    [(22, "It came late.", True), (30, "It came late.", False), (200, "It never arrived.", True), (200, "Bad.", False)],
    ids=["a gold member's credit", "no such credit", "never came", "kept and refunded"],
)
def test_a_refund_is_what_a_policy_grants(amount: int, said: str, allowed: bool) -> None:
    args = {"item_id": "ITEM-1", "refund_method": "original_payment", "amount": amount}
    assert (against(store(), "process_refund", said, **args) is None) is allowed


def test_who_signed_has_received() -> None:
    args = {"item_id": "ITEM-1", "refund_method": "original_payment", "amount": 200}
    assert against(store(signature_on_file="E. C."), "process_refund", "It never arrived.", **args) is not None


def test_what_was_not_shown_like_this_is_not_done() -> None:
    look = {"call": "get_order", "args": {"order_id": "ORD-1"}}
    show = {"call": "preview_return", "args": {"item_id": "ITEM-1", "reason": "changed_mind"}}
    other = {"call": "process_return", "args": {"item_id": "ITEM-1", "reason": "defective", "amount": 200}}
    shop = store()
    engine = ScriptedEngine([look, show, other, {"say": "One moment."}])
    create_desk(engine, shop).invoke({"messages": [("user", "Return ITEM-1 of ORD-1, it is defective.")]})
    assert "return:ITEM-1:defective" in engine.heard[-1][-1].text
    assert shop.orders["ORD-1"]["items"][0]["item_status"] == "delivered"
