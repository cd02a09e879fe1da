"""The order database. Money is integer cents; times are UTC and aware.

The names of tables and columns are a contract: programs outside this project read them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime as _DateTime
from sqlalchemy import ForeignKey, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every backend; SQLite has no time zones, so it stores naive UTC."""

    impl = _DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(_DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC)")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of the tables below."""

    type_annotation_map = {datetime: UTCDateTime}  # noqa: RUF012


class Customer(Base):
    """Who bought; `email` is stored in lower case."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    street1: Mapped[str] = mapped_column(String(200))
    street2: Mapped[str] = mapped_column(String(200), default="")
    city: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(50))
    zip: Mapped[str] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(2), default="US")
    phone: Mapped[str] = mapped_column(String(40), default="")


class Product(Base):
    """What the shop sells."""

    __tablename__ = "products"
    sku: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(60))
    unit_price: Mapped[int]
    final_sale: Mapped[bool] = mapped_column(default=False)


class Order(Base):
    """An order; `status` is processing, shipped, delivered or cancelled."""

    __tablename__ = "orders"
    order_number: Mapped[str] = mapped_column(String(20), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    ordered_at: Mapped[datetime]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    expected_at: Mapped[datetime | None]
    carrier: Mapped[str] = mapped_column(String(40), default="")
    tracking_code: Mapped[str] = mapped_column(String(60), default="")
    note: Mapped[str] = mapped_column(Text, default="")

    customer: Mapped[Customer] = relationship()
    items: Mapped[list[OrderItem]] = relationship(order_by="OrderItem.id", back_populates="order")


class OrderItem(Base):
    """One line of an order; `unit_price` is what was paid for one unit, in cents."""

    __tablename__ = "order_items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.order_number"), index=True)
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"))
    name: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int]
    unit_price: Mapped[int]
    final_sale: Mapped[bool] = mapped_column(default=False)

    order: Mapped[Order] = relationship(back_populates="items")


class Return(Base):
    """One return. `key` names exactly the units that come back, so the same return cannot exist twice.

    `status`: requested (registered), labelled (label bought and stored), emailed (label sent),
    received and refunded (set by the warehouse), failed (the carrier refused for good).
    """

    __tablename__ = "returns"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.order_number"), index=True)
    status: Mapped[str] = mapped_column(String(20), default="requested")
    refund_total: Mapped[int]
    carrier_shipment_id: Mapped[str | None] = mapped_column(String(80))
    conversation: Mapped[str] = mapped_column(String(200), default="")
    recipient: Mapped[str | None] = mapped_column(String(320))
    """Where the customer agreed that the label goes; None for returns from before this was kept."""
    created_at: Mapped[datetime]

    items: Mapped[list[ReturnItem]] = relationship(back_populates="parent")
    label: Mapped[Label | None] = relationship(back_populates="parent")


class ReturnItem(Base):
    """Units of one order line that come back; `refund` is for all of them, in cents."""

    __tablename__ = "return_items"
    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id"), primary_key=True)
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_items.id"), primary_key=True, index=True)
    quantity: Mapped[int]
    refund: Mapped[int]

    parent: Mapped[Return] = relationship(back_populates="items")
    order_item: Mapped[OrderItem] = relationship()


class Label(Base):
    """The bought label of a return; `file` is relative to the data folder."""

    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id"), unique=True)
    carrier_shipment_id: Mapped[str] = mapped_column(String(80), unique=True)
    carrier: Mapped[str] = mapped_column(String(40), default="")
    service: Mapped[str] = mapped_column(String(60), default="")
    tracking_code: Mapped[str] = mapped_column(String(60))
    file: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]

    parent: Mapped[Return] = relationship(back_populates="label")


class OutboxMail(Base):
    """An e-mail to be sent exactly as stored; written in the transaction that stores the label."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    return_id: Mapped[int | None] = mapped_column(ForeignKey("returns.id"))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    attachment: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")


class Ticket(Base):
    """A conversation handed to a person, with its transcript; one open ticket a conversation."""

    __tablename__ = "tickets"
    __table_args__ = (UniqueConstraint("key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200))
    conversation: Mapped[str] = mapped_column(String(200), index=True)
    reason: Mapped[str] = mapped_column(Text)
    transcript: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    order_number: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), default="open")
    created_at: Mapped[datetime]


class FailedChecks(Base):
    """How often an order number, an e-mail address or a conversation had part in a check that failed.

    `key` is a keyed digest (`shopbot.shop.sealing`): the table holds nobody's data.
    """

    __tablename__ = "failed_checks"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    window_began: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime | None]


class Salt(Base):
    """The shop's secret for digests, made once; by `name`."""

    __tablename__ = "salts"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(64))
