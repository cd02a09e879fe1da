"""The demo shop: the same every time, varied, and with every case of the rules in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from shopbot.shop.database import open_database
from shopbot.shop.database.models import Base, Customer, Order, OrderItem, Product, Return
from shopbot.shop.database.orders import read_order
from shopbot.shop.demo.seed import build_demo
from shopbot.shop.returns import decide_remaining
from shopbot.shop.rules import load_return_rules

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
RULES = load_return_rules()


@pytest.fixture
def demo(file_url: str) -> Iterator[Engine]:
    """The demo shop in a SQLite file."""
    yield from _built(file_url)


@pytest.fixture
def demo_on_each(empty_url: str) -> Iterator[Engine]:
    """The demo shop on SQLite and on PostgreSQL."""
    yield from _built(empty_url)


def test_the_shop_is_big_enough_to_look_real(demo: Engine) -> None:
    with Session(demo) as session:
        assert (session.scalar(select(func.count()).select_from(Customer)) or 0) >= 60
        assert (session.scalar(select(func.count()).select_from(Product)) or 0) >= 80
        assert (session.scalar(select(func.count()).select_from(Order)) or 0) >= 200
        assert all(len(number) == 6 and number.isdigit() for number in session.scalars(select(Order.order_number)))
        lines = select(func.count()).select_from(OrderItem).group_by(OrderItem.order_number)
        assert max(session.scalars(lines)) >= 5
        orders = select(func.count()).select_from(Order).group_by(Order.customer_id)
        assert sum(number > 1 for number in session.scalars(orders)) >= 30
        assert any(not name.isascii() for name in session.scalars(select(Customer.name)))


def test_every_case_of_the_rules_is_there_several_times(demo: Engine) -> None:
    rules: Counter[str] = Counter()
    with Session(demo) as session:
        for number, customer in session.execute(select(Order.order_number, Order.customer_id)).all():
            order = read_order(session, number, customer)
            assert order is not None
            decisions = decide_remaining(order, NOW, RULES)
            rules.update({one.refused.rule if one.refused else "accepted" for one in decisions})
            rules["partly returned"] += any(0 < line.returned < line.quantity for line in order.items)
            rules["several units"] += any(line.quantity > 1 for line in order.items)
            rules["last day"] += any(one.returnable_until == NOW.date() and not one.refused for one in decisions)
            rules["just too late"] += any(one.returnable_until == NOW.date() - timedelta(days=1) for one in decisions)
            rules["some do, some do not"] += len({one.refused is None for one in decisions}) == 2
            rules["two jeans"] += sum("Jeans" in line.name for line in order.items) == 2
            rules[order.status] += 1

    expected = {
        *("accepted", "window_closed", "final_sale", "non_returnable", "not_delivered", "already_returned"),
        *("partly returned", "several units", "last day", "just too late", "some do, some do not", "two jeans"),
        *("processing", "shipped", "delivered", "cancelled"),
    }
    assert {case: rules[case] for case in expected if rules[case] < 5} == {}


def test_nothing_lies_in_the_future_even_right_after_midnight(demo: Engine) -> None:
    midnight = NOW.replace(hour=0)
    build_demo(demo, midnight)

    with Session(demo) as session:
        for order in session.scalars(select(Order)):
            happened = [order.ordered_at, order.shipped_at, order.delivered_at]
            known = [moment for moment in happened if moment is not None]
            assert known == sorted(known)
            assert known[-1] <= midnight
        assert all(moment <= midnight for moment in session.scalars(select(Return.created_at)))


def test_the_same_day_gives_the_same_shop_and_replaces_what_was_there(demo_on_each: Engine) -> None:
    before = _content(demo_on_each)
    with Session(demo_on_each) as session, session.begin():
        session.add(Customer(name="x", email="x@example.com", street1="", city="", state="", zip=""))

    build_demo(demo_on_each, NOW + timedelta(hours=3))

    assert _content(demo_on_each) == before


def test_another_day_moves_only_the_dates(demo: Engine) -> None:
    orders, delivered = _undated(demo), _delivered(demo, "123456")

    build_demo(demo, NOW + timedelta(days=10))

    assert _undated(demo) == orders
    assert _delivered(demo, "123456") == delivered + timedelta(days=10)


def test_new_rows_get_free_numbers_after_seeding(demo_on_each: Engine) -> None:
    with Session(demo_on_each) as session, session.begin():
        new = Return(key="k", order_number="123456", status="requested", refund_total=0, created_at=NOW)
        session.add(new)
        session.flush()
        assert new.id == session.scalar(select(func.max(Return.id)))


def _built(url: str) -> Iterator[Engine]:
    database = open_database(url)
    build_demo(database, NOW)
    yield database
    database.dispose()


def _content(database: Engine) -> dict[str, list[tuple[object, ...]]]:
    with database.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


def _undated(database: Engine) -> list[tuple[object, ...]]:
    columns = (Order.order_number, Order.customer_id, Order.status, Order.tracking_code)
    with Session(database) as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(Order.order_number))]


def _delivered(database: Engine, number: str) -> datetime:
    with Session(database) as session:
        delivered = session.scalar(select(Order.delivered_at).where(Order.order_number == number))
    assert delivered is not None
    return delivered
