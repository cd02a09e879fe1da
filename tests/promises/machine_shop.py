"""The real shop that the state machine attacks: planted customers and orders, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from shopbot.shop.database.models import Customer, Label, Order, OrderItem, OutboxMail, Product, Return, ReturnItem
from tests.promises.attacked_shop import Clock
from tests.promises.machine_process import Agents

_SYLLABLES = ("ka", "lo", "mi", "nu", "re", "sa", "to", "vi", "xo", "zu")
_BASKETS = (
    (("Jeans", 1, 5990), ("Shirts", 3, 1995), ("Mugs", 2, 1250)),
    (("Boots", 1, 12000), ("Scarves", 2, 2400)),
    (("Jeans", 2, 4990), ("Hat", 1, 1800)),
    (("Mug", 1, 990), ("Belt", 1, 3100)),
)
"""The lines of the orders: name, pieces, price. The first two are one customer's, the others another's."""
_FREE = 124_000
"""From here on the demo shop has no order for 78,000 numbers."""
_STATUSES = ("delivered", "delivered", "delivered", "shipped")


@dataclass(frozen=True)
class Planted:
    """An order that was planted: `marks` are words that stand in it and nowhere else."""

    number: str
    customer: int
    names: tuple[str, ...]
    marks: frozenset[str]


@dataclass(frozen=True)
class Effect:
    """A return as the database has it; `lines` is what comes back: name -> (pieces, refund in cents)."""

    id: int
    order: str
    conversation: str
    recipient: str
    lines: Mapping[str, tuple[int, int]]
    total: int
    labels: tuple[str, ...]
    mails: tuple[tuple[str, bool], ...]
    """Of its e-mails, to whom each goes and whether it is sent."""

    @property
    def terms(self) -> tuple[Any, ...]:
        """What must never change any more."""
        return (self.order, self.conversation, self.recipient, dict(self.lines), self.total)


class World:
    """The open shop. Every run of the machine plants customers and orders of its own."""

    def __init__(self, desk: Any, clock: Clock, planner: Any, liar: Any, pool: RememberingPool) -> None:
        self.pool = pool
        self.desk, self.clock, self.liar = desk, clock, liar
        self.shop = desk.shop
        self.rules = desk.shop.rules
        self.runs = 0
        self.agents = Agents(desk, planner, liar)
        self.shop.fulfilment.arrange = self.agents.fused(self.shop.fulfilment.arrange)

    def begin(self) -> list[Planted]:
        """A new run: today's date, the shop's own rules, two customers with two orders each."""
        self.runs += 1
        self.clock.time = datetime.now(UTC)
        object.__setattr__(self.shop, "rules", self.rules)
        self._planting = 0
        with Session(self.shop.database) as session, session.begin():
            owners = [self._owner(session), self._owner(session)]
            return [self._order(session, place, *owners[place // 2]) for place in range(len(_BASKETS))]

    def mark(self) -> str:
        """A word that stands nowhere else."""
        self._planting += 1
        return "Q" + "".join(_SYLLABLES[int(digit)] for digit in f"{self.runs:05}{self._planting:02}")

    def _owner(self, session: Session) -> tuple[int, frozenset[str]]:
        name, street, address = self.mark(), self.mark(), self.mark().lower()
        owner = Customer(
            name=f"Ada {name}", email=f"{address}@example.com", street1=f"14 {street} Street", city="Portland",
            state="ME", zip="04101",
        )  # fmt: skip
        session.add(owner)
        session.flush()
        return owner.id, frozenset({name, street})

    def _order(self, session: Session, place: int, owner: int, marks: frozenset[str]) -> Planted:
        number, code, now = f"{_FREE + 10 * self.runs + place}", self.mark(), datetime.now(UTC)
        there = _STATUSES[place] == "delivered"
        session.add(
            Order(
                order_number=number, customer_id=owner, status=_STATUSES[place], carrier="UPS", tracking_code=code,
                ordered_at=now - timedelta(days=9), shipped_at=now - timedelta(days=7),
                delivered_at=now - timedelta(days=4) if there else None, expected_at=now + timedelta(days=2),
            )
        )  # fmt: skip
        names, words = [], [code]
        for kind, quantity, price in _BASKETS[place]:
            words.append(self.mark())
            names.append(f"{kind} {words[-1]}")
            sku = f"S-{words[-1]}"
            session.add(Product(sku=sku, name=names[-1], category="clothing", unit_price=price))
            session.flush()
            session.add(OrderItem(order_number=number, sku=sku, name=names[-1], quantity=quantity, unit_price=price))
        return Planted(number, owner, tuple(names), marks | set(words))

    def change(self, statement: str, **values: Any) -> None:
        """Somebody of the shop changes the database; of the values, those that the statement names are used."""
        with self.shop.database.begin() as connection:
            connection.execute(text(statement), {name: v for name, v in values.items() if f":{name}" in statement})

    def change_the_window(self, days: int) -> None:
        """Somebody of the shop changes how long things can be returned."""
        window = self.rules.window.model_copy(update={"days": days})
        object.__setattr__(self.shop, "rules", self.rules.model_copy(update={"window": window}))

    def address(self, customer: int) -> str:
        """The e-mail address on record."""
        with Session(self.shop.database) as session:
            return session.scalars(select(Customer.email).where(Customer.id == customer)).one()

    def order(self, number: str) -> Order:
        """The order with its lines as it is now."""
        with Session(self.shop.database) as session:
            wanted = select(Order).where(Order.order_number == number).options(selectinload(Order.items))
            return session.scalars(wanted).one()

    def effects(self, orders: list[Planted]) -> dict[int, Effect]:
        """The returns of these orders."""
        wanted = select(Return).where(Return.order_number.in_([order.number for order in orders]))
        items = selectinload(Return.items).selectinload(ReturnItem.order_item)
        with Session(self.shop.database) as session:
            return {made.id: _effect(session, made) for made in session.scalars(wanted.options(items))}

    def mails(self) -> int:
        """How many e-mails lie in the mail folder."""
        return sum(1 for _ in (self.shop.settings.data / "mail" / "new").glob("*"))


def _effect(session: Session, made: Return) -> Effect:
    labels = session.scalars(select(Label.tracking_code).where(Label.return_id == made.id))
    mails = session.scalars(select(OutboxMail).where(OutboxMail.return_id == made.id))
    return Effect(
        made.id,
        made.order_number,
        made.conversation,
        made.recipient or "",
        {item.order_item.name: (item.quantity, item.refund) for item in made.items},
        made.refund_total,
        tuple(labels),
        tuple((mail.recipient, mail.sent_at is not None) for mail in mails),
    )


class RememberingPool(ThreadPoolExecutor):
    """The gate's threads; a turn that is cancelled leaves them to end what they are at."""

    def __init__(self) -> None:
        super().__init__(max_workers=64, thread_name_prefix="gate")
        self._running: set[Future[Any]] = set()

    def submit(self, *given: Any, **named: Any) -> Future[Any]:
        """As `ThreadPoolExecutor`."""
        future = super().submit(*given, **named)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def settle(self) -> None:
        """Wait for all that was begun."""
        wait(tuple(self._running))


@contextmanager
def open_world(settings: Any) -> Iterator[World]:
    """The shop of `settings`, open."""
    from shopbot.engines import make_engine
    from shopbot.shop.shop import open_shop
    from shopbot.tools.shop.services import ShopServices
    from tests.promises.machine_engine import LyingEngine

    clock, planner = Clock(), make_engine("planner")
    with open_shop(settings, clock) as shop:
        desk = ShopServices(shop)
        desk.similarity("jeans", ["jeans"])
        shop.fulfilment.warm()
        with RememberingPool() as pool, pytest.MonkeyPatch.context() as patch:
            patch.setattr("shopbot.agents.threads._own", pool)
            yield World(desk, clock, planner, LyingEngine(planner), pool)
        desk.close()
