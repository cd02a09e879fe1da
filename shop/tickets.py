"""Tickets: a conversation handed to a person, with its transcript, once however often it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shopbot.encryption import PLAIN, Seal
from shopbot.shop.database.models import Ticket

Transcript = Sequence[tuple[str, str]]
LONGEST_SHARED = 20_000
"""Characters of a transcript that several conversations share."""


@dataclass(frozen=True)
class Handover:
    """What is handed over: the words of a conversation, and whose it is when that has been verified.

    `matter` names what many conversations may be about; they share one ticket, which keeps the words of each.
    """

    conversation: str
    reason: str
    transcript: Transcript
    customer_id: int | None = None
    order_number: str | None = None
    matter: str | None = None


def open_ticket(database: Engine, handover: Handover, now: datetime, seal: Seal = PLAIN) -> int:
    """The number of this conversation's open ticket; a new one when it has none, else with its transcript renewed."""
    try:
        return _write(database, handover, now, seal)
    except IntegrityError:
        return _write(database, handover, now, seal)


def _write(database: Engine, handover: Handover, now: datetime, seal: Seal) -> int:
    key = f"matter:{handover.matter}" if handover.matter else f"open:{handover.conversation}"
    words = "\n".join(f"{speaker}: {words}" for speaker, words in handover.transcript)
    with Session(database) as session, session.begin():
        ticket = session.scalar(select(Ticket).where(Ticket.key == key).with_for_update())
        if ticket is None:
            ticket = Ticket(key=key, conversation=handover.conversation, status="open", transcript="", created_at=now)
            session.add(ticket)
        ticket.reason = seal.text(handover.reason)
        ticket.transcript = seal.text(_joined(seal.plain(ticket.transcript), words) if handover.matter else words)
        ticket.customer_id = handover.customer_id
        ticket.order_number = handover.order_number
        session.flush()
        return ticket.id


def _joined(before: str, words: str) -> str:
    """Every conversation's words, once, as long as there is room."""
    joined = f"{before}\n---\n{words}".removeprefix("\n---\n")
    return before if words in before or len(joined) > LONGEST_SHARED else joined
