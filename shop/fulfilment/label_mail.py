"""Puts the label e-mail of a return into the outbox, in the caller's transaction."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from shopbot.shop.carrier import Address
from shopbot.shop.database.models import Customer, Label, OutboxMail, Return
from shopbot.shop.fulfilment.context import FulfilmentContext
from shopbot.shop.mail import LabelLine, LabelMail, word_label_mail


def queue_label_mail(session: Session, context: FulfilmentContext, found: Return, customer: Customer) -> None:
    """Add the outbox row of `found`, which has its label, to the address that the customer agreed to."""
    assert found.label is not None, "the label is stored in the same transaction"  # noqa: S101
    wording = word_label_mail(_content(context, found, found.label, customer))
    session.add(
        OutboxMail(
            message_id=_message_id(found, context.sender.email),
            return_id=found.id,
            recipient=found.recipient or customer.email,
            subject=wording.subject,
            text=wording.text,
            html=wording.html,
            attachment=found.label.file,
            created_at=found.label.created_at,
        )
    )


def _content(context: FulfilmentContext, found: Return, label: Label, customer: Customer) -> LabelMail:
    lines = (LabelLine(item.quantity, item.order_item.name, item.refund) for item in found.items)
    return LabelMail(
        customer=customer.name,
        order_number=found.order_number,
        lines=tuple(lines),
        refund_total=found.refund_total,
        carrier=label.carrier,
        tracking_code=label.tracking_code,
        shop=context.sender.name,
        shop_address=_lines(context.address),
    )


def _lines(address: Address) -> tuple[str, ...]:
    place = f"{address.city}, {address.state} {address.zip}"
    parts = (address.company, address.name, address.street1, address.street2, place, address.country)
    return tuple(dict.fromkeys(part for part in parts if part))


def _message_id(found: Return, sender: str) -> str:
    # The moment is part of it: a rebuilt database numbers its returns anew, and those are other e-mails.
    digest = hashlib.sha256(f"{found.key}@{found.created_at.isoformat()}".encode()).hexdigest()[:24]
    return f"<label-{digest}@{sender.rpartition('@')[2]}>"
