"""What only an order could tell: names of items, tracking numbers, addresses of customers."""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Customer, Label, Order, OrderItem


def read_secrets(database: Engine) -> frozenset[str]:
    """The secrets of every order in the shop, in lower case."""
    columns = (OrderItem.name, Order.tracking_code, Order.note, Label.tracking_code, Customer.email, Customer.street1)
    with Session(database) as session:
        return frozenset(
            value.casefold() for column in columns for value in session.scalars(select(column)) if len(value) >= 8
        )
