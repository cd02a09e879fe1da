"""Computes the terms of a return anew where it is written, and refuses when they are not those that were agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shopbot.prompts import load_data
from shopbot.shop.database.models import Customer, OrderItem, Product
from shopbot.shop.database.orders import read_order
from shopbot.shop.errors import TermsChanged
from shopbot.shop.offer import Agreement, is_fresh, make_offer, what_changed
from shopbot.shop.returns import decide
from shopbot.shop.sealing import seal


def lock_terms(session: Session, order_number: str, customer_id: int) -> str:
    """Keep what the terms rest on from changing until the transaction ends; the address on record.

    SQLite has no row locks: there the write lock on the order keeps everybody else from writing.
    """
    lines = select(OrderItem.sku).where(OrderItem.order_number == order_number)
    skus = set(session.scalars(lines.with_for_update()))
    session.execute(select(Product.sku).where(Product.sku.in_(skus)).order_by(Product.sku).with_for_update(read=True))
    found = session.scalars(select(Customer.email).where(Customer.id == customer_id).with_for_update(read=True))
    return found.one()


def check_terms(
    session: Session, order_number: str, customer_id: int, items: Mapping[int, int], email: str, agreed: Agreement
) -> None:
    """Compare what was agreed to with what holds now.

    Raises:
        TermsChanged: they differ, or the offer is too old.
    """
    today = _offer_today(session, order_number, customer_id, items, email, agreed)
    if today is None or agreed.offer.get("order_number") != order_number:
        raise _changed(("refused",), None)
    changed = what_changed(agreed.offer, today)
    if not changed and not is_fresh(agreed.offer.get("at"), agreed.now, agreed.valid):
        changed = ("expired",)
    if changed:
        raise _changed(changed, today)


def _offer_today(
    session: Session, order_number: str, customer_id: int, items: Mapping[int, int], email: str, agreed: Agreement
) -> dict[str, Any] | None:
    """The offer that would be made now; None when some of it could not come back any more."""
    order = read_order(session, order_number, customer_id)
    if order is None:
        return None
    wanted = {line["id"]: items[line["id"]] for line in agreed.offer["lines"] if line["id"] in items}
    decisions = decide(order, {**wanted, **items}, agreed.now, agreed.rules)
    if any(decision.refused is not None for decision in decisions):
        return None
    return make_offer(order, decisions, seal(session, "email", email), agreed.rules, agreed.now)


def _changed(changed: tuple[str, ...], offer: dict[str, Any] | None) -> TermsChanged:
    words = load_data("fulfilment/errors.yaml")["terms"]
    return TermsChanged(" ".join(words[one] for one in changed), changed, offer)
