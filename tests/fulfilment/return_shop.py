"""A small shop over a data folder, opened as a program would open it, and what is found there afterwards."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from shopbot.shop.carrier import open_carrier
from shopbot.shop.carrier.sandbox.ledger import Ledger
from shopbot.shop.database.connection import open_database
from shopbot.shop.database.models import Customer, Label, Order, OrderItem, OutboxMail, Product, Return, Ticket
from shopbot.shop.fulfilment import Backoff, Fulfilment, open_fulfilment
from shopbot.shop.settings import Settings

ORDER, ADA, JEANS, SOCKS = "123456", 1, 17, 18
QUICK = Backoff(first_s=0.02, factor=2, longest_s=0.1, patience=3)


def build(settings: Settings) -> None:
    """Ada's delivered order: one pair of jeans, three pairs of socks."""
    database = open_database(settings.shop_database_url)
    day = datetime(2026, 11, 1, tzinfo=UTC)
    with Session(database) as session, session.begin():
        session.add_all(
            Customer(
                id=number,
                name=name,
                email=f"{name.split()[0].lower()}@customers.example",
                street1="12 Elm Street",
                city="Portland",
                state="ME",
                zip="04101",
            )
            for number, name in ((ADA, "Ada Lovelace"), (2, "Bob Hill"))
        )
        session.add_all(
            Product(sku=sku, name=sku, category="clothes", unit_price=price)
            for sku, price in (("Blue jeans", 5990), ("Wool socks", 450))
        )
        session.flush()
        session.add(
            Order(
                order_number=ORDER,
                customer_id=ADA,
                status="delivered",
                ordered_at=day,
                shipped_at=day,
                delivered_at=day + timedelta(days=4),
            )
        )
        session.flush()
        session.add_all(
            OrderItem(id=line, order_number=ORDER, sku=name, name=name, quantity=quantity, unit_price=price)
            for line, name, quantity, price in (
                (JEANS, "Blue jeans", 1, 5990),
                (SOCKS, "Wool socks", 3, 450),
            )
        )
    database.dispose()


@contextmanager
def open_shop(settings: Settings, backoff: Backoff = QUICK, sweep_s: float = 30.0) -> Iterator[Fulfilment]:
    """The shop's fulfilment with its database and carrier."""
    database = open_database(settings.shop_database_url)
    try:
        with (
            open_carrier(settings) as carrier,
            open_fulfilment(settings, database, carrier, backoff=backoff, sweep_s=sweep_s) as fulfilment,
        ):
            yield fulfilment
    finally:
        database.dispose()


@dataclass(frozen=True)
class EndState:
    """What a return has left behind."""

    returns: list[str]
    refund_total: int
    labels: int
    label_files: int
    purchases: int
    mails: int
    unsent: int
    tickets: int


ONE_OF_EACH = EndState(
    returns=["emailed"],
    refund_total=5990,
    labels=1,
    label_files=1,
    purchases=1,
    mails=1,
    unsent=0,
    tickets=0,
)


def end_state(settings: Settings) -> EndState:
    """Counted in the order database, on disk, in the mailbox and at the carrier."""
    database = open_database(settings.shop_database_url)
    with Session(database) as session:
        unsent = select(func.count()).select_from(OutboxMail).where(OutboxMail.sent_at.is_(None))
        state = EndState(
            returns=list(session.scalars(select(Return.status))),
            refund_total=sum(session.scalars(select(Return.refund_total))),
            labels=_count(session, Label),
            label_files=len([file for file in (settings.data / "labels").glob("*") if file.is_file()]),
            purchases=len(Ledger(settings.data / "carrier").purchases()),
            mails=len(mailbox.Maildir(str(settings.data / "mail"), create=True)),
            unsent=session.scalar(unsent) or 0,
            tickets=_count(session, Ticket),
        )
    database.dispose()
    return state


def read(settings: Settings, statement: Select[tuple[Any]]) -> list[Any]:
    """The values of one column, from the order database."""
    database = open_database(settings.shop_database_url)
    with Session(database) as session:
        found = list(session.scalars(statement))
    database.dispose()
    return found


def _count(session: Session, table: type[Label] | type[Ticket]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
