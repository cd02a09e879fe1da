"""`shopbot privacy`: everything that a shop keeps about one customer, handed out or erased, with a receipt.

A conversation is a customer's when a return or a ticket of theirs names it, or when their e-mail address or one of
their order numbers stands in it, whole. Orders, returns and sums are the shop's books and stay; who it was does not.
"""

from __future__ import annotations

import json
import mailbox
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session

from shopbot.apps.care.naming import names_address, names_order, recipients
from shopbot.apps.settings import command_settings
from shopbot.encryption import MARK, Seal
from shopbot.shop.database.connection import open_database
from shopbot.shop.database.models import Base, Customer, Label, Order, OutboxMail, Return, Ticket
from shopbot.shop.database.normalise import normalise_email
from shopbot.shop.errors import ShopError
from shopbot.shop.sealing import seal

if TYPE_CHECKING:
    from shopbot.apps.serve.keeping import Keeping
    from shopbot.shop.settings import Settings

ERASED = "erased"


class NoSuchCustomer(ShopError):
    """No customer has that e-mail address."""


class Person:
    """A customer, and what is theirs in every place."""

    def __init__(self, settings: Settings, database: Engine, keeping: Keeping, email: str) -> None:
        self.settings, self.database, self.keeping = settings, database, keeping
        self.email = normalise_email(email)
        with Session(database) as session:
            found = session.scalar(select(Customer.id).where(Customer.email == self.email))
            if found is None:
                raise NoSuchCustomer(f"No customer has the e-mail address {email}: check how it is written.")
            self.id = found
            self.orders = list(session.scalars(select(Order.order_number).where(Order.customer_id == found)))
            self.returns = list(session.scalars(select(Return.id).where(Return.order_number.in_(self.orders))))
        self.conversations = sorted(set(self._conversations()))

    def rows(self) -> Iterator[Any]:
        """Every row of the order database that is about them."""
        with Session(self.database) as session:
            yield session.get_one(Customer, self.id)
            for order in session.scalars(select(Order).where(Order.order_number.in_(self.orders))):
                yield order
                yield from order.items
            for made in session.scalars(select(Return).where(Return.id.in_(self.returns))):
                yield made
                yield from made.items
            for table in (Label, OutboxMail):
                yield from session.scalars(select(table).where(table.return_id.in_(self.returns)))
            yield from session.scalars(select(Ticket).where(self._own_ticket))

    def said(self) -> Iterator[dict[str, Any]]:
        """What was said in their conversations."""
        with self.keeping.said.transaction() as run:
            for conversation in self.conversations:
                select = "SELECT speaker, text, at FROM entries WHERE conversation = ? ORDER BY seq"
                for speaker, words, at in run(select, conversation):
                    yield {
                        "conversation": conversation,
                        "speaker": speaker,
                        "text": self.settings.seal.plain(words),
                        "at": at,
                    }

    def label_files(self) -> list[Path]:
        """The labels that were printed for them."""
        with Session(self.database) as session:
            files = session.scalars(select(Label.file).where(Label.return_id.in_(self.returns)))
            return [self.settings.data / file for file in files if (self.settings.data / file).is_file()]

    def mails(self) -> list[tuple[mailbox.Maildir, str]]:
        """Their messages in the shop's own maildir."""
        folder = self.settings.data / "mail"
        if not folder.is_dir():
            return []
        box = mailbox.Maildir(str(folder))
        return [(box, key) for key, message in box.items() if self.email in recipients(message)]

    @property
    def _own_ticket(self) -> Any:
        return or_(Ticket.customer_id == self.id, Ticket.order_number.in_(self.orders))

    def _conversations(self) -> Iterator[str]:
        with Session(self.database) as session:
            for named in (
                select(Return.conversation).where(Return.id.in_(self.returns)),
                select(Ticket.conversation).where(self._own_ticket),
            ):
                yield from (each for each in session.scalars(named) if each)
        with self.keeping.said.transaction() as run:
            by_mail = "SELECT conversation FROM correspondents WHERE lower(address) = ?"
            yield from (str(row[0]) for row in run(by_mail, self.email))
        yield from self._said_with(self.email, names_address)
        for number in self.orders:
            yield from self._said_with(number, names_order)

    def _said_with(self, word: str, names: Callable[[str, str], bool]) -> Iterator[str]:
        """The conversations in which it is named; SQL only narrows down what is read."""
        seal = self.settings.seal
        narrowed = "replace(lower(text), ?, '') <> lower(text) OR substr(text, 1, 1) = ?"
        with self.keeping.said.transaction() as run:
            rows = run(f"SELECT conversation, text FROM entries WHERE {narrowed}", word.lower(), MARK)  # noqa: S608
        yield from (str(conversation) for conversation, text in rows if names(seal.plain(text), word))

    def erase(self) -> Counter[str]:
        """Erase who they are; what went, by place."""
        gone = Counter[str]()
        for file in self.label_files():
            file.unlink()
            gone["label files"] += 1
        for box, key in self.mails():
            box.remove(key)
            gone["e-mails in the maildir"] += 1
        for conversation in self.conversations:
            gone.update(self.keeping.forget(conversation))
        with Session(self.database) as session, session.begin():
            gone["customers (made anonymous)"] = _anonymise(session, self.id)
            blank = {"recipient": ERASED, "text": ERASED, "html": ERASED}
            mails = update(OutboxMail).where(OutboxMail.return_id.in_(self.returns)).values(blank).returning(1)
            gone["outbox (made anonymous)"] = len(session.execute(mails).all())
            recipients = update(Return).where(Return.id.in_(self.returns)).values(recipient=ERASED, conversation="")
            gone["returns (made anonymous)"] = len(session.execute(recipients.returning(1)).all())
            words = {"reason": ERASED, "transcript": ERASED, "customer_id": None}
            tickets = update(Ticket).where(self._own_ticket).values(words).returning(1)
            gone["tickets (made anonymous)"] = len(session.execute(tickets).all())
        return gone


def _anonymise(session: Session, customer: int) -> int:
    found = session.get_one(Customer, customer)
    found.name, found.email = ERASED, f"{ERASED}-{customer}@invalid"
    for field in ("street1", "street2", "city", "state", "zip", "phone"):
        setattr(found, field, "")
    return 1


def run_export(*, data: Path | None, email: str) -> int:
    """Print everything about them as one JSON object; returns the exit code."""
    with _opened(data, email) as person:
        given: dict[str, Any] = {"email": person.email, "said": list(person.said())}
        for row in person.rows():
            given.setdefault(row.__tablename__, []).append(_plain(row, person.settings.seal))
        given["label files"] = [str(file) for file in person.label_files()]
        given["e-mails"] = [box.get_bytes(key).decode("utf-8", "replace") for box, key in person.mails()]
    print(json.dumps(given, indent=2, default=str, ensure_ascii=False))
    return 0


def run_erase(*, data: Path | None, email: str) -> int:
    """Erase them, and print a receipt that says what went and holds nobody's data; returns the exit code."""
    with _opened(data, email) as person:
        with Session(person.database) as session, session.begin():
            stands_for = seal(session, "email", person.email)
        receipt = {
            "erased": stands_for,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": {name: count for name, count in person.erase().items() if count},
            "kept": "orders, returns and sums without a name; logs and traces hold no personal data",
        }
    print(json.dumps(receipt, indent=2))
    return 0


def _plain(row: Base, seal: Seal) -> dict[str, Any]:
    values = {column.name: getattr(row, column.key) for column in row.__table__.columns}
    return {name: seal.plain(value) if isinstance(value, str) else value for name, value in values.items()}


@contextmanager
def _opened(data: Path | None, email: str) -> Iterator[Person]:
    """A person with the places of their shop, open."""
    from shopbot.apps.serve.keeping import open_keeping

    settings = command_settings(data=data)
    database = open_database(settings.shop_database_url)
    try:
        with open_keeping(settings) as keeping:
            yield Person(settings, database, keeping, email)
    finally:
        database.dispose()
