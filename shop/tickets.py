"""Tickets: a conversation handed to a person, with its transcript, once however often it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Ticket

Transcript = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Handover:
    """What is handed over: the words of a conversation, and whose it is when that has been verified."""

    conversation: str
    reason: str
    transcript: Transcript
    customer_id: int | None = None
    order_number: str | None = None


def open_ticket(database: Engine, handover: Handover, now: datetime) -> int:
    """The number of this conversation's open ticket; a new one when it has none, else with its transcript renewed."""
    try:
        return _write(database, handover, now)
    except IntegrityError:
        return _write(database, handover, now)


def _write(database: Engine, handover: Handover, now: datetime) -> int:
    key = f"open:{handover.conversation}"
    with Session(database) as session, session.begin():
        ticket = session.scalar(select(Ticket).where(Ticket.key == key))
        if ticket is None:
            ticket = Ticket(key=key, conversation=handover.conversation, status="open", created_at=now)
            session.add(ticket)
        ticket.reason = handover.reason
        ticket.transcript = "\n".join(f"{speaker}: {words}" for speaker, words in handover.transcript)
        ticket.customer_id = handover.customer_id
        ticket.order_number = handover.order_number
        session.flush()
        return ticket.id
