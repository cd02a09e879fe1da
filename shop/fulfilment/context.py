"""Everything that a step of fulfilment works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Condition, Event
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from shopbot.shop.fulfilment.backoff import Backoff
from shopbot.shop.fulfilment.exclusive import exclusive
from shopbot.shop.mail import Mailer, Sender

if TYPE_CHECKING:
    from shopbot.shop.carrier import Address, Carrier

# After an outage hundreds of returns wake up together; a step holds up to two database connections.
_AT_ONCE = 4


@dataclass
class FulfilmentContext:
    """The parts of one open shop; `closing` is set when its steps have to stop waiting."""

    database: Engine
    carrier: Carrier
    mailer: Mailer
    data: Path
    sender: Sender
    address: Address
    backoff: Backoff
    closing: Event = field(default_factory=Event)
    progress: Condition = field(default_factory=Condition)
    _places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE))
    _busy: int = 0

    @contextmanager
    def working(self, return_id: int) -> Iterator[None]:
        """One step of one return at a time, in all processes; those who wait are told when it ends."""
        with self.progress:
            self._busy += 1
        try:
            with self._places, exclusive(self.database, self.data, f"return {return_id}"):
                yield
        finally:
            with self.progress:
                self._busy -= 1
                self.progress.notify_all()

    def wait_until_idle(self, seconds: float) -> None:
        """Wait for the steps at work to end, at most `seconds`."""
        with self.progress:
            self.progress.wait_for(lambda: self._busy == 0, seconds)
