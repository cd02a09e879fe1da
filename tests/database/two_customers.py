"""A shop with two customers, of whom the second must never show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shopbot.shop.database import open_database, open_read_only
from shopbot.shop.database.models import Customer, Label, Order, OrderItem, Product, Return, ReturnItem

ADA, BOB = 1, 2
SECRET = "bob-only"
"""Stands in every text of the second customer's rows, and nowhere else."""
_DAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class TwoCustomers:
    """One filled shop: `database` may write, `reader` may not."""

    url: str
    database: Engine
    reader: Engine


@contextmanager
def shop_at(url: str) -> Iterator[TwoCustomers]:
    """Fill the empty database at `url`."""
    database = open_database(url)
    with Session(database) as session, session.begin():
        session.add(Product(sku="J-1", name="Jeans", category="trousers", unit_price=5990, final_sale=False))
        session.flush()
        _add_customer(session, ADA, "ada", ["100001", "100002"])
        _add_customer(session, BOB, SECRET, [f"{SECRET}-1"])
    reader = open_read_only(url)
    yield TwoCustomers(url, database, reader)
    reader.dispose()
    database.dispose()


def _add_customer(session: Session, number: int, text: str, orders: list[str]) -> None:
    session.add(
        Customer(id=number, name=text, email=f"{text}@mail.example", street1=text, city=text, state="CA", zip="94107")
    )
    session.flush()
    for index, order in enumerate(orders):
        _add_order(session, number, text, order, number * 100 + index)


def _add_order(session: Session, customer: int, text: str, order: str, key: int) -> None:
    session.add(Order(order_number=order, customer_id=customer, status="delivered", ordered_at=_DAY, note=text))
    session.flush()
    session.add(OrderItem(id=key, order_number=order, sku="J-1", name=text, quantity=2, unit_price=5990 + key))
    session.add(
        Return(id=key, key=f"{text}-{key}", order_number=order, refund_total=5990, conversation=text, created_at=_DAY)
    )
    session.flush()
    session.add(ReturnItem(return_id=key, order_item_id=key, quantity=1, refund=5990))
    session.add(
        Label(
            id=key,
            return_id=key,
            carrier_shipment_id=f"{text}-{key}",
            tracking_code=text,
            file=f"labels/{text}.pdf",
            created_at=_DAY,
        )
    )
