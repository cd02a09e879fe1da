"""What the promises of identity and agreement rest on: counts of failed checks, a salt, a return's agreed recipient."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create two tables, add a column."""
    op.create_table(
        "failed_checks",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_failed_checks_window_began", "failed_checks", ["window_began"])
    op.create_table(
        "salts",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )
    op.add_column("returns", sa.Column("recipient", sa.String(320), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("returns", "recipient")
    op.drop_table("salts")
    op.drop_index("ix_failed_checks_window_began", "failed_checks")
    op.drop_table("failed_checks")
