"""Takes a confirmed return on, and sees to it that returns left behind by killed processes are finished."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Engine, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shopbot.shop.database.models import OutboxMail, Return
from shopbot.shop.errors import DatabaseError, ShopError
from shopbot.shop.fulfilment.backoff import Backoff
from shopbot.shop.fulfilment.context import FulfilmentContext
from shopbot.shop.fulfilment.outcome import Outcome, read_outcome
from shopbot.shop.fulfilment.register import find_return, register
from shopbot.shop.mail import Sender, open_mailer
from shopbot.shop.offer import Agreement

if TYPE_CHECKING:
    from shopbot.shop.carrier import Carrier
    from shopbot.shop.fulfilment.runtime import Runtime
    from shopbot.shop.settings import Settings

_log = logging.getLogger("shopbot.shop.fulfilment")
_GLANCE_S = 0.1
SWEEP_S = 5.0
"""Seconds between two looks for returns that nobody works on."""


class Fulfilment:
    """The returns of one shop. Safe to share between threads; several processes may serve one data folder."""

    def __init__(self, settings: Settings, context: FulfilmentContext, sweep_s: float) -> None:
        self._settings = settings
        self._context = context
        self._sweep_s = sweep_s
        self._runtime: Runtime | None = None
        self._launching = threading.Lock()
        self._caretaker = threading.Thread(target=self._take_care, name="fulfilment", daemon=True)
        self._caretaker.start()

    def arrange(
        self,
        order_number: str,
        customer_id: int,
        items: Mapping[int, int],
        conversation: str,
        returned_before: Mapping[int, int] | None = None,
        agreed: Agreement | None = None,
    ) -> Outcome:
        """Register the return of `items` (order line -> units) and wait a while for its label e-mail.

        After at most `settings.fulfilment_wait_s` seconds the answer says how far it is; the rest goes on by
        itself. The same request is the same return (see `shopbot.shop.fulfilment.register` for `returned_before`
        and `agreed`).

        Raises:
            ReturnRefused: the units cannot be returned (any more); nothing was written.
            TermsChanged: not on the terms that were agreed to; nothing was written.
            DatabaseError: the order or workflow database cannot be used.
        """
        deadline = time.monotonic() + self._settings.fulfilment_wait_s
        runtime = self.warm()
        return_id = register(
            self._context.database, order_number, customer_id, items, conversation, returned_before, agreed
        )
        if not self.status(return_id).settled:
            runtime.ensure(self._context, return_id)
        return self._settle(return_id, deadline)

    def find(self, order_number: str, items: Mapping[int, int], returned_before: Mapping[int, int]) -> Outcome | None:
        """How far the return of exactly these units is, if it was arranged; changes nothing."""
        return_id = find_return(self._context.database, order_number, items, returned_before)
        return None if return_id is None else self.status(return_id)

    def status(self, return_id: int) -> Outcome:
        """How far a return is now.

        Raises:
            ReturnRefused: there is no such return.
        """
        return read_outcome(self._context.database, self._context.data, return_id)

    def warm(self) -> Runtime:
        """Launch the workflow runtime, which takes most of a second, ahead of the first return.

        Raises:
            DatabaseError: the workflow database cannot be used.
        """
        with self._launching:
            if self._context.closing.is_set():
                raise DatabaseError("The shop is closed: open it again to take a return on.")
            if self._runtime is None:
                from shopbot.shop.fulfilment.runtime import join

                self._runtime = join(self._settings, self._context)
            return self._runtime

    def linger(self, seconds: float) -> None:
        """Give unfinished returns up to `seconds` to be finished: a visit shorter than the workflow's start would
        otherwise leave them to the next one, however often that is."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline and _unfinished(self._context.database):
                with self._context.progress:
                    self._context.progress.wait(_GLANCE_S)
        except (ShopError, SQLAlchemyError) as error:
            _log.warning("unfinished returns cannot be counted: %s", error)

    def close(self) -> None:
        """Stop waiting and leave what is unfinished to the next start."""
        self._context.closing.set()
        self._caretaker.join()
        with self._launching:
            if self._runtime is not None:
                from shopbot.shop.fulfilment.runtime import leave

                leave(self._context, grace_s=self._settings.carrier_timeout_s)
                self._runtime = None

    def _settle(self, return_id: int, deadline: float) -> Outcome:
        while True:
            outcome = self.status(return_id)
            left = deadline - time.monotonic()
            if outcome.settled or left <= 0:
                return outcome
            with self._context.progress:
                self._context.progress.wait(min(left, _GLANCE_S))

    def _take_care(self) -> None:
        """At the start and then every `sweep_s` seconds: have every unfinished return worked on."""
        pause = 0.0
        while not self._context.closing.wait(pause):
            pause = self._sweep_s
            try:
                self._sweep()
            except Exception as error:
                # The database may be away in any of a dozen ways, and whoever takes care must not die of one.
                _log.warning("unfinished returns cannot be taken up: %s", error)

    def _sweep(self) -> None:
        unfinished = _unfinished(self._context.database)
        if unfinished:
            runtime = self.warm()
            runtime.take_over()
            for return_id in unfinished:
                runtime.ensure(self._context, return_id)


@contextmanager
def open_fulfilment(
    settings: Settings,
    database: Engine,
    carrier: Carrier,
    *,
    backoff: Backoff | None = None,
    sweep_s: float = SWEEP_S,
    linger_s: float = 0.0,
) -> Iterator[Fulfilment]:
    """The returns of the shop that `settings` describe; unfinished ones are taken up at once.

    On closing, those get up to `linger_s` seconds to be finished; what is unfinished then waits for the next start.

    Raises:
        SettingsError: `SHOPBOT_SMTP_URL` cannot be used.
    """
    from shopbot.shop.profile import load_profile

    profile = load_profile(settings.shop)
    context = FulfilmentContext(
        database=database,
        carrier=carrier,
        mailer=open_mailer(settings),
        data=settings.data,
        sender=Sender(profile.name, profile.email),
        address=profile.address,
        backoff=backoff or Backoff(),
    )
    fulfilment = Fulfilment(settings, context, sweep_s)
    try:
        yield fulfilment
        fulfilment.linger(linger_s)
    finally:
        fulfilment.close()


def _unfinished(database: Engine) -> list[int]:
    unsent = select(OutboxMail.return_id).where(OutboxMail.sent_at.is_(None))
    open_returns = or_(Return.status.in_(("requested", "labelled")), Return.id.in_(unsent))
    with Session(database) as session:
        return list(session.scalars(select(Return.id).where(open_returns).order_by(Return.id)))
