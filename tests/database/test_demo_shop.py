"""What people rely on in the demo shop: its two well-known orders, and cases that only its data can show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, inspect, select
from sqlalchemy.orm import Session

from shopbot.shop.database import open_database
from shopbot.shop.database.models import Base, Customer, Label, Order, OutboxMail, Product, Return
from shopbot.shop.database.orders import find_customer, read_order
from shopbot.shop.database.views import OrderView
from shopbot.shop.demo.seed import build_demo
from shopbot.shop.fulfilment.register import return_key
from shopbot.shop.returns import decide_remaining
from shopbot.shop.rules import load_return_rules

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The demo shop, which these tests only read."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'shop.db'}")
    build_demo(database, NOW)
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def orders(demo: Engine) -> list[OrderView]:
    """Every order as a conversation sees it."""
    with Session(demo) as session:
        known = session.execute(select(Order.order_number, Order.customer_id)).all()
        return [view for number, customer in known if (view := read_order(session, number, customer))]


def test_maria_can_return_her_jeans_and_shirts_but_not_the_scarf(demo: Engine) -> None:
    order = _order_of(demo, "123456", "maria.lopez@example.com")

    assert [(line.name, line.quantity, line.unit_price, line.final_sale) for line in order.items] == [
        ("Straight-Leg Jeans, dark blue, W31 L32", 1, 5990, False),
        ("Organic Cotton T-Shirt, white, M", 2, 1995, False),
        ("Wool Scarf, grey", 1, 2400, True),
    ]
    assert _days_since_delivery(order) == 6
    decisions = decide_remaining(order, NOW, load_return_rules())
    assert [one.refused.rule if one.refused else None for one in decisions] == [None, None, "final_sale"]


def test_james_has_two_slim_jeans_to_tell_apart(demo: Engine) -> None:
    order = _order_of(demo, "654321", "james.carter@example.com")

    names = [line.name for line in order.items]
    assert names == ["Slim Jeans, blue, W32 L34", "Slim Jeans, black, W32 L34", "Leather Belt, brown, L"]
    assert _days_since_delivery(order) == 12
    assert not any(one.refused for one in decide_remaining(order, NOW, load_return_rules()))


def test_each_address_is_lower_case_and_reserved_for_examples(demo: Engine) -> None:
    with Session(demo) as session:
        addresses = list(session.scalars(select(Customer.email)))

    assert len(set(addresses)) == len(addresses)
    assert [one for one in addresses if not re.fullmatch(r"[a-z0-9._-]+@example\.(com|org|net)", one)] == []


def test_deliveries_lie_on_both_sides_of_each_windows_end(orders: list[OrderView]) -> None:
    days = Counter(_days_since_delivery(order) for order in orders if order.delivered_at)
    electronics = Counter(
        _days_since_delivery(order)
        for order in orders
        if order.delivered_at and any(line.category == "electronics" for line in order.items)
    )

    assert {day: days[day] for day in (29, 30, 31) if days[day] < 5} == {}
    assert {day for day in (13, 14, 15) if not electronics[day]} == set()
    assert (min(days), max(days)) == (0, 120)


def test_electronics_can_be_late_while_the_rest_of_the_order_is_not(orders: list[OrderView]) -> None:
    rules, mixed = load_return_rules(), 0
    for order in orders:
        refused = {one.order_item_id: one.refused for one in decide_remaining(order, NOW, rules)}
        late = {line.category for line in order.items if (why := refused[line.id]) and why.rule == "window_closed"}
        mixed += late == {"electronics"} and not all(refused.values())

    assert mixed >= 5


def test_gift_cards_notes_and_prices_with_odd_cents_are_there(demo: Engine, orders: list[OrderView]) -> None:
    with_gift_card = [order for order in orders if any(line.category == "gift cards" for line in order.items)]
    assert len(with_gift_card) >= 5
    assert sum(bool(order.note) for order in orders) >= 5
    with Session(demo) as session:
        assert session.scalar(select(func.count()).select_from(Product).where(Product.unit_price % 10 != 0))
        assert all(name == name.lower() for name in session.scalars(select(Product.category)))


def test_past_returns_have_come_to_every_stage_and_none_waits_for_work(demo: Engine) -> None:
    with Session(demo) as session:
        stages = Counter(session.scalars(select(Return.status)))
        unlabelled = session.scalars(select(Return.id).outerjoin(Label).where(Label.id.is_(None))).all()
        unsent = session.scalar(select(func.count()).select_from(OutboxMail))

    assert set(stages) == {"emailed", "received", "refunded"}
    assert min(stages.values()) >= 5
    assert (unlabelled, unsent) == ([], 0)


def test_past_returns_are_named_and_refunded_as_the_shop_would(demo: Engine) -> None:
    with Session(demo) as session:
        returns = session.scalars(select(Return)).all()
        for one in returns:
            units = {item.order_item_id: item.quantity for item in one.items}
            assert one.key == return_key(one.order_number, units, {})
            assert all(item.refund == item.quantity * item.order_item.unit_price for item in one.items)
            assert one.refund_total == sum(item.refund for item in one.items)
            assert all(item.quantity <= item.order_item.quantity for item in one.items)
        assert any("," in one.key for one in returns)


def test_no_row_points_to_a_row_that_is_not_there(demo: Engine) -> None:
    with demo.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []


def test_tables_that_are_not_the_shops_stay_as_they_are(tmp_path: Path) -> None:
    database = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    Base.metadata.create_all(database)
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")

    build_demo(database, NOW)

    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert "orders" in inspect(database).get_table_names()
    database.dispose()


def test_a_build_that_fails_leaves_the_shop_as_it_was(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    build_demo(database, NOW)
    with database.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON labels BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )

    with pytest.raises(Exception, match="refused"):
        build_demo(database, NOW + timedelta(days=1))

    assert _days_since_delivery(_order_of(database, "123456", "maria.lopez@example.com")) == 6
    database.dispose()


def _order_of(database: Engine, number: str, email: str) -> OrderView:
    with Session(database) as session:
        customer = find_customer(session, number, email)
        assert customer is not None
        order = read_order(session, number, customer)
    assert order is not None
    return order


def _days_since_delivery(order: OrderView) -> int:
    assert order.delivered_at is not None
    return (NOW.date() - order.delivered_at.date()).days
