"""The collections in a PostgreSQL with pgvector: making, listing, locking and deleting them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema, DropTable

from shopbot.errors import extra, first_line
from shopbot.tools.retrieval.errors import RetrievalError
from shopbot.tools.retrieval.vector_store import EF_CONSTRUCTION, M_NEIGHBOURS

SCHEMA = "shopbot_vectors"
collections_table = Table(
    "collections",
    MetaData(schema=SCHEMA),
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Text, nullable=False),
)


def table_name(tenant: str, name: str) -> str:
    """The name of a collection's table, from a hash of both names."""
    return "c_" + hashlib.sha256(json.dumps([tenant, name]).encode()).hexdigest()[:32]


def engine_of(url: str) -> Engine:
    """An engine for `url`, through psycopg 3 whatever driver it names."""
    with extra("postgres", "PostgreSQL"):
        return create_engine(make_url(url).set(drivername="postgresql+psycopg"), pool_pre_ping=True)


def create(engine: Engine, tenant: str, name: str, dimensions: int) -> None:
    """Make what a collection needs, where it is missing."""
    with engine.begin() as connection:
        # "IF NOT EXISTS" does not keep two that create at once from failing.
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(SCHEMA))))
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
        connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
        collections_table.create(connection, checkfirst=True)
        short = table_name(tenant, name)
        table = f"{SCHEMA}.{short}"
        for statement in (
            f'CREATE TABLE IF NOT EXISTS {table} (id text COLLATE "C" PRIMARY KEY, text text NOT NULL, '
            f"meta jsonb NOT NULL, vector vector({int(dimensions)}) NOT NULL)",
            f"CREATE INDEX IF NOT EXISTS {short}_meta ON {table} USING gin (meta jsonb_path_ops)",
            f"CREATE INDEX IF NOT EXISTS {short}_vector ON {table} USING hnsw (vector vector_cosine_ops) "
            f"WITH (m = {M_NEIGHBOURS}, ef_construction = {EF_CONSTRUCTION})",
        ):
            connection.execute(text(statement))
        listed = insert(collections_table).values(tenant=tenant, name=name, version="")
        connection.execute(listed.on_conflict_do_nothing())


def has_pgvector(url: str) -> bool:
    """Whether the database has pgvector, or could have it.

    Raises:
        RetrievalError: it cannot be reached.
    """
    with connected(url) as connection:
        query = text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        return connection.execute(query).first() is not None


def stored_collections(url: str, tenant: str) -> list[str]:
    """The names of the collections that `tenant` has in the database.

    Raises:
        RetrievalError: it cannot be reached.
    """
    with connected(url) as connection:
        if not _has_collections(connection):
            return []
        query = select(collections_table.c.name).where(collections_table.c.tenant == tenant)
        return [str(name) for name in connection.execute(query).scalars()]


def drop_collection(url: str, tenant: str, name: str) -> None:
    """Delete a collection; one that there is not does no harm.

    Raises:
        RetrievalError: the database cannot be reached.
    """
    with connected(url) as connection:
        table = Table(table_name(tenant, name), MetaData(schema=SCHEMA))
        connection.execute(DropTable(table, if_exists=True))
        if _has_collections(connection):
            listed = (collections_table.c.tenant == tenant) & (collections_table.c.name == name)
            connection.execute(delete(collections_table).where(listed))
        connection.commit()


@contextmanager
def advisory_lock(url: str, tenant: str, name: str, seconds: float) -> Iterator[None]:
    """Hold the writer's place of a collection against every machine; the database lets go of it when we die.

    Raises:
        RetrievalError: it did not come free in so many seconds.
    """
    number: Any = func.hashtext(table_name(tenant, name))
    with connected(url) as connection:
        deadline = time.monotonic() + seconds
        while not connection.execute(select(func.pg_try_advisory_lock(number))).scalar():
            if time.monotonic() > deadline:
                raise RetrievalError(
                    f"Another process has been writing the collection {name!r} for {seconds:g} s: try again later."
                )
            time.sleep(0.1)
        connection.commit()
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(number)))


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """One connection to the database at `url`."""
    engine = engine_of(url)
    try:
        with reaching(url), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Make one sentence of whatever goes wrong between here and the database at `url`."""
    try:
        yield
    except SQLAlchemyError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise RetrievalError(
            f"The vectors in {shown} cannot be used ({first_line(error)}): name a PostgreSQL with pgvector that this "
            "user may write."
        ) from None


def _has_collections(connection: Connection) -> bool:
    return inspect(connection).has_table(collections_table.name, schema=SCHEMA)
