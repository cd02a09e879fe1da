"""The steps of a return. Each looks first whether it is done, so each can be repeated at any time.

A step that fails raises and leaves the return as it was. No transaction is open while a carrier or mail
server is asked: a slow one must not lock the order database.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shopbot.shop.carrier import Address, PurchasedLabel
from shopbot.shop.database.models import Customer, Label, Order, OutboxMail, Return, Ticket
from shopbot.shop.errors import MailError, ShopError
from shopbot.shop.fulfilment.context import FulfilmentContext
from shopbot.shop.fulfilment.label_file import store_label_file
from shopbot.shop.fulfilment.label_mail import queue_label_mail
from shopbot.shop.fulfilment.outcome import refusal_key
from shopbot.shop.fulfilment.parcel import parcel_of
from shopbot.shop.mail import compose


def name_of(context: FulfilmentContext, return_id: int) -> str | None:
    """What tells this return from any other, also from one in a database built anew; None if there is none."""
    with Session(context.database) as session:
        found = session.get(Return, return_id)
        return f"{found.key}@{found.created_at.isoformat()}" if found else None


def customer_of(context: FulfilmentContext, return_id: int) -> int | None:
    """Whose return it is; None when that cannot be read."""
    whose = select(Order.customer_id).join(Return, Return.order_number == Order.order_number)
    try:
        with Session(context.database) as session:
            return session.scalar(whose.where(Return.id == return_id))
    except (ShopError, SQLAlchemyError):
        return None


def create_shipment(context: FulfilmentContext, return_id: int) -> str:
    """Ask the carrier for a return shipment and store its id before anything is paid; returns the id.

    Raises:
        CarrierError: unavailable or refused.
    """
    with Session(context.database) as session:
        found = session.get_one(Return, return_id)
        if found.carrier_shipment_id:
            return found.carrier_shipment_id
        units = sum(item.quantity for item in found.items)
        origin = _address(_customer(session, found), found.recipient)
    shipment_id = context.carrier.create_return(origin, context.address, parcel_of(units), f"R{return_id}")
    with Session(context.database) as session, session.begin():
        session.get_one(Return, return_id).carrier_shipment_id = shipment_id
    return shipment_id


def buy_label(context: FulfilmentContext, return_id: int) -> dict[str, Any]:
    """Pay for the label of the stored shipment, once; returns the fields of the `PurchasedLabel`.

    Raises:
        CarrierError: unavailable or refused.
    """
    with Session(context.database) as session:
        shipment_id = session.get_one(Return, return_id).carrier_shipment_id
    assert shipment_id, "the shipment is stored before its label is bought"  # noqa: S101
    return asdict(context.carrier.buy_once(shipment_id))


def store_label(context: FulfilmentContext, return_id: int, bought: dict[str, Any]) -> None:
    """Write the PDF, then the label and its e-mail in one transaction: labelled.

    Raises:
        CarrierError: the PDF cannot be fetched.
        LabelStorageError: the PDF cannot be written.
    """
    label = PurchasedLabel(**bought)
    with Session(context.database) as session:
        if session.scalar(select(Label.id).where(Label.return_id == return_id)):
            return
    file = store_label_file(context.data, return_id, label.tracking_code, context.carrier.download(label))
    with Session(context.database) as session, session.begin():
        found = session.get_one(Return, return_id)
        found.status = "labelled"
        found.label = _label_row(label, file)
        queue_label_mail(session, context, found, _customer(session, found))


def send_mail(context: FulfilmentContext, return_id: int) -> None:
    """Send the e-mail of the outbox row: emailed.

    Raises:
        MailError: it was not accepted; the row keeps the reason.
    """
    with Session(context.database, expire_on_commit=False) as session:
        mail = session.scalars(select(OutboxMail).where(OutboxMail.return_id == return_id)).one()
    if mail.sent_at is None:
        try:
            context.mailer.send(compose(mail, context.sender, context.data))
        except MailError as error:
            _note_failure(context, mail.id, str(error))
            raise
    _note_sent(context, return_id, mail.id)


def refuse(context: FulfilmentContext, return_id: int, reason: str) -> None:
    """The carrier refused for good: failed, with a ticket that keeps the reason for a person."""
    with Session(context.database) as session, session.begin():
        found = session.get_one(Return, return_id)
        found.status = "failed"
        _open_ticket(session, found, refusal_key(return_id), reason)


def tell_person(context: FulfilmentContext, return_id: int, reason: str) -> None:
    """A step keeps failing: a ticket, once, while trying goes on."""
    with Session(context.database) as session, session.begin():
        _open_ticket(session, session.get_one(Return, return_id), f"return-{return_id}-delayed", reason)


def _customer(session: Session, found: Return) -> Customer:
    return session.get_one(Order, found.order_number).customer


def _address(customer: Customer, recipient: str | None) -> Address:
    return Address(
        name=customer.name,
        street1=customer.street1,
        street2=customer.street2,
        city=customer.city,
        state=customer.state,
        zip=customer.zip,
        country=customer.country,
        phone=customer.phone,
        email=recipient or customer.email,
    )


def _label_row(label: PurchasedLabel, file: str) -> Label:
    return Label(
        carrier_shipment_id=label.shipment_id,
        carrier=label.carrier,
        service=label.service,
        tracking_code=label.tracking_code,
        file=file,
        created_at=datetime.now(UTC),
    )


def _note_failure(context: FulfilmentContext, mail_id: int, reason: str) -> None:
    with Session(context.database) as session, session.begin():
        mail = session.get_one(OutboxMail, mail_id)
        mail.attempts += 1
        mail.last_error = reason


def _note_sent(context: FulfilmentContext, return_id: int, mail_id: int) -> None:
    with Session(context.database) as session, session.begin():
        mail = session.get_one(OutboxMail, mail_id)
        if mail.sent_at is None:
            mail.attempts += 1
            mail.sent_at = datetime.now(UTC)
        found = session.get_one(Return, return_id)
        # The warehouse may have been quicker than the mail server.
        if found.status == "labelled":
            found.status = "emailed"


def _open_ticket(session: Session, found: Return, key: str, reason: str) -> None:
    if session.scalar(select(Ticket.id).where(Ticket.key == key)) is None:
        customer = _customer(session, found)
        session.add(
            Ticket(
                key=key,
                conversation=found.conversation,
                reason=reason,
                transcript=f"{found.key}: {reason}",
                customer_id=customer.id,
                order_number=found.order_number,
                created_at=datetime.now(UTC),
            )
        )
