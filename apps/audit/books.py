"""What an auditor reads: orders, conversations, workflows, the mailbox and the carrier's ledger. Nothing is changed."""

from __future__ import annotations

import json
import mailbox
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from shopbot.shop.database.connection import open_read_only
from shopbot.shop.database.models import OrderItem, OutboxMail, Return

if TYPE_CHECKING:
    from shopbot.encryption import Seal
    from shopbot.shop.settings import Settings

ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")


@dataclass(frozen=True)
class ReturnRow:
    """A return with its label and e-mails; `mails` are (Message-ID, whether it was sent)."""

    id: int
    name: str
    status: str
    conversation: str
    created_at: datetime
    shipment: str | None
    units: Mapping[int, int]
    tracking: str | None
    mails: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Said:
    """An entry of a conversation."""

    seq: int
    speaker: str
    text: str
    at: datetime
    answered: bool
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Books:
    """Everything that is read; None for what this shop does not keep here."""

    returns: tuple[ReturnRow, ...]
    ordered: Mapping[int, int]
    purchases: Counter[str] | None = None
    delivered: Counter[str] | None = None
    conversations: Mapping[str, tuple[Said, ...]] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    received: Counter[str] = field(default_factory=Counter)
    workflows: tuple[tuple[str, str], ...] = ()
    """(id, status)"""


def read_books(settings: Settings, mails: Path | None = None) -> Books:
    """The books of the shop; `mails` is the maildir that its mail ends in, by default the shop's own.

    Raises:
        DatabaseError: the order database cannot be read.
    """
    orders = open_read_only(settings.shop_database_url)
    talk = orders if settings.postgres_url else _file(settings.data / "serve.db")
    memory = orders if settings.postgres_url else _file(settings.data / "conversations.db")
    flows = _workflow_database(settings)
    opened = [engine for engine in (orders, talk, memory, flows) if engine is not None]
    try:
        returns, ordered = _orders(orders)
        said, held = _conversations(talk, settings.seal)
        return Books(
            returns=returns,
            ordered=ordered,
            purchases=_purchases(settings),
            delivered=_delivered(mails or (None if settings.smtp_url else settings.data / "mail")),
            conversations=said,
            held=held,
            received=Counter(row[0] for row in _rows(memory, "agent_received", "conversation")),
            workflows=tuple(tuple(row) for row in _rows(flows, "workflow_status", "workflow_uuid, status", "dbos")),
        )
    finally:
        for engine in set(opened):
            engine.dispose()


def _orders(engine: Engine) -> tuple[tuple[ReturnRow, ...], dict[int, int]]:
    with Session(engine) as session:
        ordered = {row.id: row.quantity for row in session.execute(select(OrderItem.id, OrderItem.quantity))}
        sent: dict[int, list[tuple[str, bool]]] = {}
        for mail in session.scalars(select(OutboxMail)):
            sent.setdefault(mail.return_id or 0, []).append((mail.message_id, mail.sent_at is not None))
        rows = [_return_row(each, tuple(sent.get(each.id, ()))) for each in session.scalars(select(Return))]
    return tuple(rows), ordered


def _return_row(found: Return, mails: tuple[tuple[str, bool], ...]) -> ReturnRow:
    return ReturnRow(
        id=found.id,
        name=f"{found.key}@{found.created_at.isoformat()}",
        status=found.status,
        conversation=found.conversation,
        created_at=found.created_at,
        shipment=found.label.carrier_shipment_id if found.label else found.carrier_shipment_id,
        units={item.order_item_id: item.quantity for item in found.items},
        tracking=found.label.tracking_code if found.label else None,
        mails=mails,
    )


def _conversations(engine: Engine | None, seal: Seal) -> tuple[dict[str, tuple[Said, ...]], frozenset[str]]:
    said: dict[str, list[Said]] = {}
    for conversation, seq, speaker, words, at, answered, details in _rows(
        engine, "entries", "conversation, seq, speaker, text, at, answered, details", order="seq"
    ):
        told = json.loads(seal.plain(details))
        entry = Said(seq, speaker, seal.plain(words), datetime.fromisoformat(at), bool(answered), told)
        said.setdefault(conversation, []).append(entry)
    held = frozenset(row[0] for row in _rows(engine, "conversations", "id, held_by") if row[1] is not None)
    return {conversation: tuple(entries) for conversation, entries in said.items()}, held


def _purchases(settings: Settings) -> Counter[str] | None:
    """How often each shipment was paid for, by the sandbox carrier's ledger; a real carrier's is not here."""
    file = settings.data / "carrier" / "carrier.db"
    if not file.exists():
        return None
    engine = _file(file)
    return Counter(row[0] for row in _rows(engine, "purchases", "shipment_id"))


def _delivered(folder: Path | None) -> Counter[str] | None:
    if folder is None:
        return None
    box = mailbox.Maildir(str(folder), create=True)
    return Counter(str(message["Message-ID"]) for message in box)


def _workflow_database(settings: Settings) -> Engine | None:
    url = make_url(settings.workflow_database_url)
    if url.get_backend_name() == "sqlite":
        return _file(Path(url.database or ""))
    return create_engine(url.set(drivername="postgresql+psycopg"))


def _file(file: Path) -> Engine | None:
    if not file.exists():
        return None
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(f"file:{file}?mode=ro", uri=True))


def _rows(engine: Engine | None, table: str, columns: str, schema: str = "", order: str = "1") -> list[Any]:
    """The rows of a table; none where there is no such database or table yet."""
    if engine is None:
        return []
    schema = schema if engine.dialect.name == "postgresql" else ""
    if not inspect(engine).has_table(table, schema=schema or None):
        return []
    place = f"{schema}.{table}" if schema else table
    with engine.connect() as connection:
        return list(connection.execute(text(f"SELECT {columns} FROM {place} ORDER BY {order}")))  # noqa: S608
