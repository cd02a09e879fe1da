"""What Alembic runs: the migrations, on the connection and in the transaction that `shop.database.migrate` opened."""

from __future__ import annotations

from alembic import context

from shop.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
