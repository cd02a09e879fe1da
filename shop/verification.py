"""Whose order is it? Order number and e-mail address checked together, and failures counted where no guesser can
reset them.

A failure counts for the order, for the address and for the conversation, in the transaction that made the check, so
that guesses at the same time or in turns over many conversations count like any others. Nothing takes a failure back
but time. While one of the three is blocked nothing is checked, and trying costs nothing: whoever knows the right
values gets in once the wait is over, however often somebody else has guessed meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select, text
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Customer, FailedChecks
from shopbot.shop.database.normalise import normalise_email, normalise_order_number
from shopbot.shop.database.orders import find_customer
from shopbot.shop.limits import IdentityLimits, Limits
from shopbot.shop.sealing import seal


@dataclass(frozen=True)
class Claim:
    """Who somebody says they are, and in which conversation; an empty one is not counted."""

    order_number: str
    email: str
    conversation: str


@dataclass(frozen=True)
class Verified:
    """They belong together. `recipient` stands for the address on record (`shopbot.shop.sealing`)."""

    customer_id: int
    recipient: str


@dataclass(frozen=True)
class Failed:
    """They do not, whichever of them is wrong."""


@dataclass(frozen=True)
class Blocked:
    """Nothing was checked, or it was for the last time: until `until`. `lock` names what a person has to look at, the
    same for everyone who meets it; None for a mere wait, and empty when it is this conversation alone."""

    until: datetime
    lock: str | None


@dataclass(frozen=True)
class _Scope:
    name: str
    key: str
    limits: IdentityLimits


def verify(database: Engine, claim: Claim, now: datetime, limits: Limits) -> Verified | Failed | Blocked:
    """Check a claim and count its failure, in one step.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with Session(database) as session, session.begin():
        _begin_writing(session)
        scopes = list(_scopes(session, claim, limits))
        _take_turns(session, scopes)
        counts = {scope.key: _count(session, scope, now) for scope in scopes}
        blocked = _blocked(scopes, counts, now)
        if blocked is not None:
            return blocked
        customer_id = find_customer(session, claim.order_number, claim.email)
        if customer_id is not None:
            return Verified(customer_id, seal(session, "email", session.get_one(Customer, customer_id).email))
        for scope in scopes:
            _add_failure(session, counts[scope.key], scope, now)
        _forget(session, now - 2 * limits.identity.window, keep=counts)
        last = _blocked(scopes, counts, now)
        return last if last is not None and last.lock is not None else Failed()


def is_on_record(session: Session, customer_id: int, recipient: str) -> bool:
    """Whether the customer's address is still the one that was checked."""
    email = session.scalar(select(Customer.email).where(Customer.id == customer_id))
    return email is not None and seal(session, "email", email) == recipient


def _scopes(session: Session, claim: Claim, limits: Limits) -> Iterator[_Scope]:
    # A number that is written in another way is the same order: see `shopbot.shop.database.orders`.
    number = normalise_order_number(claim.order_number).replace("-", "")
    yield _Scope("order", seal(session, "order", number), limits.identity)
    yield _Scope("address", seal(session, "address", normalise_email(claim.email)), limits.identity)
    if claim.conversation:
        own = limits.identity.model_copy(update={"free": limits.failed_checks, "ceiling": limits.failed_checks})
        yield _Scope("conversation", seal(session, "conversation", claim.conversation), own)


def _begin_writing(session: Session) -> None:
    if session.get_bind().dialect.name == "sqlite":
        # Before anything is read: a transaction that reads first cannot be sure to write.
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")


def _take_turns(session: Session, scopes: Iterable[_Scope]) -> None:
    """On PostgreSQL, one check at a time for each of the three; in one order, so that nobody waits in a circle."""
    if session.get_bind().dialect.name == "sqlite":
        return
    for number in sorted(_number(scope.key) for scope in scopes):
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


def _count(session: Session, scope: _Scope, now: datetime) -> FailedChecks:
    """The failures that count now."""
    found = session.get(FailedChecks, scope.key, with_for_update=True)
    if found is None:
        return FailedChecks(key=scope.key, failures=0, window_began=now)
    waiting = found.blocked_until is not None and found.blocked_until > now
    if not waiting and now >= found.window_began + scope.limits.window:
        found.failures, found.window_began, found.blocked_until = 0, now, None
    return found


def _add_failure(session: Session, count: FailedChecks, scope: _Scope, now: datetime) -> None:
    count.failures += 1
    wait = scope.limits.wait(count.failures)
    count.blocked_until = now + wait if wait > timedelta() else None
    session.add(count)


def _blocked(scopes: Iterable[_Scope], counts: dict[str, FailedChecks], now: datetime) -> Blocked | None:
    """The longest of the waits; a lock before any wait, and the conversation's own before what others share."""
    met = []
    for scope in scopes:
        count = counts[scope.key]
        if count.blocked_until is not None and count.blocked_until > now:
            locked = count.failures >= scope.limits.ceiling
            own = scope.name == "conversation"
            lock = ("" if own else f"{scope.key[:40]}:{count.blocked_until:%Y%m%d%H%M%S}") if locked else None
            met.append((locked, locked and own, count.blocked_until, lock))
    if not met:
        return None
    _, _, until, lock = max(met, key=lambda one: one[:3])
    return Blocked(until, lock)


def _forget(session: Session, before: datetime, keep: Iterable[str]) -> None:
    """Drop counts that nobody needs any more, except those that another check is working on."""
    old = select(FailedChecks.key).where(FailedChecks.window_began < before, FailedChecks.key.not_in(list(keep)))
    session.execute(
        delete(FailedChecks).where(FailedChecks.key.in_(old.with_for_update(skip_locked=True))),
        execution_options={"synchronize_session": False},
    )
