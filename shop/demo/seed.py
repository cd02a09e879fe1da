"""Writes the demo shop into an order database, in place of what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, insert, select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Base, Label, Order, Return, ReturnItem
from shopbot.shop.demo.cases import read_cases
from shopbot.shop.demo.catalogue import read_customers, read_products
from shopbot.shop.demo.orders import Purchase, make_orders


def build_demo(database: Engine, now: datetime) -> None:
    """Replace the content of the shop's tables by the demo shop, in one transaction; the schema stays.

    The same for every moment of a day (UTC); on another day the dates move along and nothing else.

    Args:
        database: a migrated order database that may be written.
        now: aware; orders were delivered 0 to 120 days before its day.

    Raises:
        DatabaseError: the database cannot be written; nothing has changed.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with database.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
        for table, rows in _rows(today):
            connection.execute(insert(table), rows)
        _continue_numbering(connection)


@lru_cache(maxsize=4)
def _rows(today: datetime) -> list[tuple[Table, list[dict[str, Any]]]]:
    """The rows of every table that has some, in the order in which they refer to each other.

    A database in memory numbers them. A process that builds several demo shops (tests, benchmarks) makes them once.
    """
    customers, products = read_customers(), read_products()
    purchases = make_orders(read_cases(), customers, products, today)
    _number_lines(purchases)
    database = create_engine("sqlite://")
    Base.metadata.create_all(database)
    with Session(database) as session:
        for rows in (customers, products, [purchase.order for purchase in purchases]):
            session.add_all(rows)
            session.flush()
        session.add_all(_returns(purchases))
        session.flush()
        found = [(table, session.execute(select(table)).mappings().all()) for table in Base.metadata.sorted_tables]
    database.dispose()
    return [(table, [dict(row) for row in rows]) for table, rows in found if rows]


def _number_lines(purchases: list[Purchase]) -> None:
    lines = (item for purchase in purchases for item in purchase.order.items)
    for number, item in enumerate(lines, start=1):
        item.id = number


def _returns(purchases: list[Purchase]) -> Iterator[Return]:
    returned = (purchase for purchase in purchases if purchase.case.returned is not None)
    for number, purchase in enumerate(returned, start=1):
        yield _return(number, purchase)


def _return(number: int, purchase: Purchase) -> Return:
    from shopbot.shop.fulfilment.register import return_key

    order = purchase.order
    units = _returned_units(purchase)
    prices = {item.id: item.unit_price for item in order.items}
    refunds = {line: quantity * prices[line] for line, quantity in units.items()}
    moment = _requested_at(order)
    return Return(
        id=number,
        key=return_key(order.order_number, units, {}),
        order_number=order.order_number,
        status=purchase.case.return_status,
        refund_total=sum(refunds.values()),
        carrier_shipment_id=f"shp_demo{number:04d}",
        conversation="",
        created_at=moment,
        items=[
            ReturnItem(order_item_id=line, quantity=quantity, refund=refunds[line]) for line, quantity in units.items()
        ],
        label=_label(number, moment),
    )


def _returned_units(purchase: Purchase) -> dict[int, int]:
    lines = purchase.order.items
    if purchase.case.returned == "all":
        return {line.id: line.quantity for line in lines}
    return {lines[0].id: int(purchase.case.returned or 0)}


def _requested_at(order: Order) -> datetime:
    assert order.delivered_at is not None, "only what was delivered comes back"  # noqa: S101
    return order.delivered_at + timedelta(days=2)


def _label(number: int, moment: datetime) -> Label:
    return Label(
        id=number,
        carrier_shipment_id=f"shp_demo{number:04d}",
        carrier="USPS",
        service="GroundAdvantage",
        tracking_code=f"94055000000000{number:08d}",
        file=f"labels/demo-{number:04d}.pdf",
        created_at=moment,
    )


def _continue_numbering(connection: Connection) -> None:
    """Let PostgreSQL count on from the ids given here; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in ("customers", "order_items", "returns", "labels", "outbox", "tickets"):
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "  # noqa: S608 -- the names above
            f"coalesce((SELECT max(id) FROM {table}), 0) + 1, false)"
        )
