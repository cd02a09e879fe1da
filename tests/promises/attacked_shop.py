"""An open demo shop to attack, with a clock that a test can turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from shopbot.agents.turn import Turn, read_turn
from shopbot.shop.database.models import OutboxMail, Return
from shopbot.shop.settings import Settings

MARIA, ORDER = "maria.lopez@example.com", "123456"


@dataclass
class Clock:
    """The shop's time."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> None:
        """Let time pass."""
        self.time += timedelta(**by)


@dataclass
class OpenShop:
    """An open demo shop with its agent."""

    database: Engine
    desk: Any
    agent: Any
    clock: Clock

    def say(self, words: str, thread: str = "chat") -> Turn:
        """One message of a customer."""
        given = {"messages": [{"role": "user", "content": words}]}
        return read_turn(self.agent.invoke(given, {"configurable": {"thread_id": thread}}))

    def change(self, statement: str, **values: Any) -> None:
        """Somebody of the shop changes the database."""
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def made(self) -> int:
        """How many returns were made in conversations."""
        with Session(self.database) as session:
            return session.scalar(select(func.count()).select_from(Return).where(Return.conversation != "")) or 0

    def mails(self) -> list[str]:
        """Whom labels were sent to."""
        with Session(self.database) as session:
            return list(session.scalars(select(OutboxMail.recipient)))


@contextmanager
def opened(settings: Settings, clock: Clock) -> Iterator[OpenShop]:
    """The shop of `settings`, open."""
    from shopbot.agents.memory import open_memory
    from shopbot.agents.shopbot import create_shopbot
    from shopbot.shop.shop import open_shop
    from shopbot.tools.shop.services import ShopServices

    with open_shop(settings, clock) as shop, open_memory(settings.conversations) as memory:
        desk = ShopServices(shop)
        yield OpenShop(shop.database, desk, create_shopbot("planner", desk=desk, checkpointer=memory), clock)
        desk.close()
