"""Reads a customer's orders. Every value is a bound parameter; nothing is written.

Only `find_customer` takes what a person typed; the rest takes the customer's id that it gave.
"""

from __future__ import annotations

import hmac

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from shopbot.shop.database.models import Customer, Order, OrderItem, OutboxMail, Product, Return, ReturnItem
from shopbot.shop.database.normalise import normalise_email, normalise_order_number
from shopbot.shop.database.views import LineView, OrderSummary, OrderView, ReturnView

__all__ = [
    "LineView",
    "OrderSummary",
    "OrderView",
    "ReturnView",
    "find_customer",
    "list_orders",
    "read_order",
]


def find_customer(session: Session, order_number: str, email: str) -> int | None:
    """The id of the customer who placed this order with this address; None for an unknown order and a wrong address.

    Both cost one look-up and one comparison in constant time, so neither answer nor time tells them apart.
    """
    wanted = select(Customer.id, Customer.email).join(Order, Order.customer_id == Customer.id)
    row = session.execute(wanted.where(Order.order_number.in_(_spellings(order_number)))).first()
    customer_id, on_record = (row.id, row.email) if row else (None, "nobody@invalid")
    same = hmac.compare_digest(on_record.lower().encode(), normalise_email(email).encode("utf-8", "replace"))
    return customer_id if same else None


def read_order(session: Session, order_number: str, customer_id: int) -> OrderView | None:
    """The customer's order with this number; None when there is none or it is somebody else's."""
    own = (Order.order_number.in_(_spellings(order_number))) & (Order.customer_id == customer_id)
    order = session.scalar(select(Order).where(own).options(selectinload(Order.items)))
    if order is None:
        return None
    return OrderView(
        order_number=order.order_number,
        customer_id=order.customer_id,
        status=order.status,
        ordered_at=order.ordered_at,
        shipped_at=order.shipped_at,
        delivered_at=order.delivered_at,
        expected_at=order.expected_at,
        carrier=order.carrier,
        tracking_code=order.tracking_code,
        note=order.note,
        items=_lines(session, order),
        returns=_returns(session, order.order_number),
    )


def list_orders(session: Session, customer_id: int) -> tuple[OrderSummary, ...]:
    """The customer's orders, newest first."""
    units = func.coalesce(func.sum(OrderItem.quantity), 0)
    total = func.coalesce(func.sum(OrderItem.quantity * OrderItem.unit_price), 0)
    query = (
        select(Order.order_number, Order.status, Order.ordered_at, Order.delivered_at, units, total)
        .outerjoin(OrderItem, OrderItem.order_number == Order.order_number)
        .where(Order.customer_id == customer_id)
        .group_by(Order.order_number, Order.status, Order.ordered_at, Order.delivered_at)
        .order_by(Order.ordered_at.desc(), Order.order_number)
    )
    return tuple(OrderSummary(*row[:4], int(row[4]), int(row[5])) for row in session.execute(query))


def _spellings(order_number: str) -> list[str]:
    # A list instead of lower(order_number): it can use the primary key.
    plain = normalise_order_number(order_number)
    return sorted({plain, plain.upper(), plain.replace("-", "")})


def _lines(session: Session, order: Order) -> tuple[LineView, ...]:
    ids = [item.id for item in order.items]
    query = select(ReturnItem.order_item_id, func.sum(ReturnItem.quantity)).group_by(ReturnItem.order_item_id)
    returned = {line: int(units) for line, units in session.execute(query.where(ReturnItem.order_item_id.in_(ids)))}
    products = select(Product.sku, Product.category).where(Product.sku.in_({item.sku for item in order.items}))
    categories = {row.sku: row.category for row in session.execute(products)}
    return tuple(
        LineView(
            id=item.id,
            sku=item.sku,
            name=item.name,
            category=categories.get(item.sku, ""),
            quantity=item.quantity,
            unit_price=item.unit_price,
            final_sale=item.final_sale,
            returned=returned.get(item.id, 0),
        )
        for item in order.items
    )


def _returns(session: Session, order_number: str) -> tuple[ReturnView, ...]:
    query = select(Return).where(Return.order_number == order_number).order_by(Return.id)
    found = session.scalars(query.options(selectinload(Return.items), joinedload(Return.label))).all()
    sent = select(OutboxMail.return_id).where(
        OutboxMail.return_id.in_([one.id for one in found]), OutboxMail.sent_at.is_not(None)
    )
    mailed = set(session.scalars(sent))
    return tuple(_return_view(one, one.id in mailed) for one in found)


def _return_view(one: Return, mailed: bool) -> ReturnView:
    return ReturnView(
        id=one.id,
        status=one.status,
        refund_total=one.refund_total,
        created_at=one.created_at,
        items={item.order_item_id: item.quantity for item in one.items},
        tracking_code=one.label.tracking_code if one.label else None,
        label_file=one.label.file if one.label else None,
        label_sent=mailed or one.status in ("emailed", "received", "refunded"),
    )
