"""What a conversation has left behind: in the order database, in the mailbox, on disk and at the carrier."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shopbot.shop.carrier.sandbox.server import SandboxCarrier
from shopbot.shop.database.models import Label, Order, OrderItem, OutboxMail, Return, ReturnItem, Ticket


@dataclass(frozen=True)
class MadeReturn:
    """A return in the database."""

    order: str
    items: dict[str, int]
    refund: int
    status: str
    recipient: str


@dataclass(frozen=True)
class AfterState:
    """Everything that a conversation can leave behind, without what was there before it."""

    returns: list[MadeReturn]
    labels: int
    label_files: int
    purchases: int
    sent: list[str]
    unsent: list[str]
    letters: list[str]
    letters_with_label: int
    tickets: list[tuple[str, int | None]]


def newest_return(database: Engine) -> int:
    """The id of the last return that exists; what comes after it is the conversation's."""
    with Session(database) as session:
        return session.scalar(select(Return.id).order_by(Return.id.desc())) or 0


def read_after_state(database: Engine, data: Path, newest_before: int) -> AfterState:
    """The state now, of what came after the return `newest_before`."""
    with Session(database) as session:
        mails = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
        letters = _letters(data / "mail")
        return AfterState(
            returns=_returns(session, newest_before),
            labels=len(session.scalars(select(Label.id).where(Label.return_id > newest_before)).all()),
            label_files=len(list((data / "labels").glob("*.pdf"))),
            purchases=len(SandboxCarrier(data / "carrier").purchases()),
            sent=[mail.recipient for mail in mails if mail.sent_at],
            unsent=[mail.recipient for mail in mails if not mail.sent_at],
            letters=[recipient for recipient, _ in letters],
            letters_with_label=sum(has_label for _, has_label in letters),
            tickets=[(t.transcript, t.customer_id) for t in session.scalars(select(Ticket).order_by(Ticket.id))],
        )


def _returns(session: Session, newest_before: int) -> list[MadeReturn]:
    found = session.scalars(select(Return).where(Return.id > newest_before).order_by(Return.id)).all()
    return [
        MadeReturn(
            order=one.order_number,
            items=_items(session, one.id),
            refund=one.refund_total,
            status=one.status,
            recipient=session.get_one(Order, one.order_number).customer.email,
        )
        for one in found
    ]


def _items(session: Session, return_id: int) -> dict[str, int]:
    rows = select(OrderItem.name, ReturnItem.quantity).join(OrderItem, OrderItem.id == ReturnItem.order_item_id)
    return {row.name: row.quantity for row in session.execute(rows.where(ReturnItem.return_id == return_id))}


def _letters(maildir: Path) -> list[tuple[str, bool]]:
    """Recipient of each delivered letter, and whether a PDF is attached to it."""
    files = [file for folder in ("new", "cur") for file in sorted((maildir / folder).glob("*"))]
    read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [(str(letter["To"]), _has_pdf(letter)) for letter in read]


def _has_pdf(letter: email.message.EmailMessage) -> bool:
    parts = [part for part in letter.iter_attachments() if part.get_content_type() == "application/pdf"]
    return len(parts) == 1 and parts[0].get_content().startswith(b"%PDF-")
