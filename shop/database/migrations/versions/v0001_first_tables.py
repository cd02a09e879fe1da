"""The first tables: customers, products, orders, returns, labels, outbox and tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_customers()
    _create_products()
    _create_orders()
    _create_order_items()
    _create_returns()
    _create_return_items()
    _create_labels()
    _create_outbox()
    _create_tickets()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("tickets", "outbox", "labels", "return_items", "returns", "order_items", "orders"):
        op.drop_table(table)
    op.drop_table("products")
    op.drop_table("customers")


def _text(name: str, length: int, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _long_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, *constraints: sa.ForeignKey, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), *constraints, nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), primary_key=True)


def _moment(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _order_number(nullable: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("orders.order_number")
    return sa.Column("order_number", sa.String(20), key, nullable=nullable)


def _create_customers() -> None:
    op.create_table(
        "customers",
        _id(),
        _text("name", 200),
        _text("email", 320),
        _text("street1", 200),
        _text("street2", 200),
        _text("city", 100),
        _text("state", 50),
        _text("zip", 20),
        _text("country", 2),
        _text("phone", 40),
        sa.UniqueConstraint("email"),
    )


def _create_products() -> None:
    op.create_table(
        "products",
        sa.Column("sku", sa.String(40), primary_key=True),
        _text("name", 200),
        _text("category", 60),
        _number("unit_price"),
        sa.Column("final_sale", sa.Boolean(), nullable=False),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_number", sa.String(20), primary_key=True),
        _number("customer_id", sa.ForeignKey("customers.id")),
        _text("status", 20),
        _moment("ordered_at"),
        _moment("shipped_at", nullable=True),
        _moment("delivered_at", nullable=True),
        _moment("expected_at", nullable=True),
        _text("carrier", 40),
        _text("tracking_code", 60),
        _long_text("note"),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])


def _create_order_items() -> None:
    op.create_table(
        "order_items",
        _id(),
        _order_number(),
        sa.Column("sku", sa.String(40), sa.ForeignKey("products.sku"), nullable=False),
        _text("name", 200),
        _number("quantity"),
        _number("unit_price"),
        sa.Column("final_sale", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_order_items_order_number", "order_items", ["order_number"])


def _create_returns() -> None:
    op.create_table(
        "returns",
        _id(),
        _text("key", 200),
        _order_number(),
        _text("status", 20),
        _number("refund_total"),
        _text("carrier_shipment_id", 80, nullable=True),
        _text("conversation", 200),
        _moment("created_at"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_returns_order_number", "returns", ["order_number"])


def _create_return_items() -> None:
    op.create_table(
        "return_items",
        _number("return_id", sa.ForeignKey("returns.id")),
        _number("order_item_id", sa.ForeignKey("order_items.id")),
        _number("quantity"),
        _number("refund"),
        sa.PrimaryKeyConstraint("return_id", "order_item_id"),
    )
    op.create_index("ix_return_items_order_item_id", "return_items", ["order_item_id"])


def _create_labels() -> None:
    op.create_table(
        "labels",
        _id(),
        _number("return_id", sa.ForeignKey("returns.id")),
        _text("carrier_shipment_id", 80),
        _text("carrier", 40),
        _text("service", 60),
        _text("tracking_code", 60),
        _text("file", 300),
        _moment("created_at"),
        sa.UniqueConstraint("return_id"),
        sa.UniqueConstraint("carrier_shipment_id"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        _id(),
        _text("message_id", 200),
        _number("return_id", sa.ForeignKey("returns.id"), nullable=True),
        _text("recipient", 320),
        _text("subject", 300),
        _long_text("text"),
        _long_text("html"),
        _text("attachment", 300),
        _moment("created_at"),
        _moment("sent_at", nullable=True),
        _number("attempts"),
        _long_text("last_error"),
        sa.UniqueConstraint("message_id"),
    )


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        _id(),
        _text("key", 200),
        _text("conversation", 200),
        _long_text("reason"),
        _long_text("transcript"),
        _number("customer_id", sa.ForeignKey("customers.id"), nullable=True),
        _text("order_number", 20, nullable=True),
        _text("status", 20),
        _moment("created_at"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_tickets_conversation", "tickets", ["conversation"])
