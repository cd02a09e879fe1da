"""Reading a customer's orders, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from shopbot.shop.database import open_database
from shopbot.shop.database.models import Customer, OutboxMail, Return
from shopbot.shop.database.orders import find_customer, list_orders, read_order
from shopbot.shop.database.views import ReturnView
from shopbot.shop.demo.seed import build_demo

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
MARIA = "maria.lopez@example.com"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The demo shop."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}"
    else:
        url = request.getfixturevalue("new_postgres_url")()
    database = open_database(url)
    build_demo(database, NOW)
    yield database
    database.dispose()


@pytest.fixture
def session(demo: Engine) -> Iterator[Session]:
    """A session whose changes are gone afterwards."""
    with Session(demo) as opened:
        yield opened


def test_number_and_address_together_give_the_customer(session: Session) -> None:
    found = find_customer(session, " #123 456", "Maria.Lopez@Example.com ")

    assert found == session.scalar(select(Customer.id).where(Customer.email == MARIA))


def test_an_unknown_order_and_a_wrong_address_get_the_same_answer_for_the_same_work(session: Session) -> None:
    work: list[str] = []

    @event.listens_for(session.connection(), "before_cursor_execute")
    def _note(*call: Any) -> None:
        work.append(call[2])

    assert find_customer(session, "999999", MARIA) is None
    unknown, work[:] = list(work), []
    assert find_customer(session, "123456", "maria.lopes@example.org") is None

    assert work == unknown


@pytest.mark.parametrize("number", ["", "%", "12345", "123456 OR 1=1", "\0", "\ud800", "9" * 100_000])
def test_a_number_that_is_none_finds_nobody(session: Session, number: str) -> None:
    assert find_customer(session, number, MARIA) is None


def test_no_injected_value_finds_anything(session: Session, external_data: Path) -> None:
    payloads = _payloads(external_data)
    before = session.scalars(select(Customer.email).order_by(Customer.id)).all()

    found = [
        payload
        for payload in payloads
        if find_customer(session, payload, MARIA) or find_customer(session, "123456", payload)
    ]

    assert len(payloads) > 1000
    assert found == []
    assert session.scalars(select(Customer.email).order_by(Customer.id)).all() == before


def test_an_order_is_read_with_its_lines(session: Session) -> None:
    order = read_order(session, "#123456", _maria(session))

    assert order is not None
    assert (order.order_number, order.status, order.total) == ("123456", "delivered", 5990 + 2 * 1995 + 2400)
    assert [(line.name, line.quantity, line.unit_price, line.final_sale) for line in order.items] == [
        ("Straight-Leg Jeans, dark blue, W31 L32", 1, 5990, False),
        ("Organic Cotton T-Shirt, white, M", 2, 1995, False),
        ("Wool Scarf, grey", 1, 2400, True),
    ]
    assert order.items[0].category == "clothing"
    assert order.delivered_at is not None
    assert (NOW.date() - order.delivered_at.date()).days == 6


def test_an_order_of_somebody_else_is_not_there(session: Session) -> None:
    assert read_order(session, "234567", _maria(session)) is None


def test_units_that_came_back_no_longer_remain(session: Session) -> None:
    order = read_order(session, "345678", _namesake(session))

    assert order is not None
    blue, white = order.items
    assert (blue.quantity, blue.returned, blue.remaining) == (4, 1, 3)
    assert white.remaining == 2
    assert [(one.status, one.items, one.refund_total) for one in order.returns] == [("refunded", {blue.id: 1}, 1475)]
    assert order.returns[0].tracking_code is not None


def test_a_label_counts_as_sent_once_its_mail_has_gone_out(session: Session) -> None:
    new = Return(key="k", order_number="123456", status="labelled", refund_total=0, created_at=NOW)
    session.add(new)
    session.flush()
    mail = OutboxMail(
        message_id="m", return_id=new.id, recipient=MARIA, subject="", text="", html="", created_at=NOW, sent_at=None
    )
    session.add(mail)
    session.flush()

    assert [one.label_sent for one in _returns(session)] == [False]
    mail.sent_at = NOW
    session.flush()
    assert [one.label_sent for one in _returns(session)] == [True]


def test_orders_are_listed_newest_first_and_only_the_customers_own(session: Session) -> None:
    listed = list_orders(session, _maria(session))

    assert [one.order_number for one in listed] == ["123457", "123456", "123458"]
    assert (listed[1].units, listed[1].total) == (4, 12380)
    assert NOW - listed[1].ordered_at < timedelta(days=20)


def _returns(session: Session) -> tuple[ReturnView, ...]:
    order = read_order(session, "123456", _maria(session))
    assert order is not None
    return order.returns


def _maria(session: Session) -> int:
    found = find_customer(session, "123456", MARIA)
    assert found is not None
    return found


def _namesake(session: Session) -> int:
    found = find_customer(session, "345678", "maria.lopes@example.org")
    assert found is not None
    return found


def _payloads(external_data: Path) -> list[str]:
    folder = external_data / "attacks" / "payloads_all_the_things" / "sqli"
    if not folder.is_dir():
        pytest.skip(f"the SQL injection lists are not in {folder}")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    lines = (line for path in files for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return sorted({line for line in lines if line.strip()})
