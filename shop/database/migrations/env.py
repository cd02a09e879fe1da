"""What Alembic runs: the migrations, on the connection and in the transaction of `shopbot.shop.database.migrate`."""

from __future__ import annotations

from alembic import context

from shopbot.shop.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
