"""Brings an order database to the newest schema; one query when it is there already.

Two versions serve one database side by side while a new one goes out. So a revision only adds (tables, and columns
that may be left out), and its name says behind `~` of which revision the programs can still go on with it: "0003~0002".
Alembic is imported only when there is something to do. What changes is in `migrations/versions`.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from shopbot.shop.database.failures import database_error

REVISIONS = ("0001", "0002")
"""Every revision in `migrations/versions`, oldest first."""
HEAD = REVISIONS[-1]
SCRIPTS = "shopbot.shop.database:migrations"
_LOCK = 7_274_746_725
"""PostgreSQL's advisory lock under which one program at a time migrates."""


def migrate(engine: Engine, place: URL) -> None:
    """Run the migrations that are missing, in one transaction; two programs at once do it once.

    Raises:
        DatabaseError: the database cannot be used, holds something else, or a newer version wrote it.
    """
    with engine.connect() as connection:
        if _is_newest(connection, place):
            return
    with engine.connect() as connection:
        _begin_alone(connection)
        if not _is_newest(connection, place):
            _upgrade(connection, place)
        connection.commit()


def current_revision(connection: Connection) -> str | None:
    """The schema's revision; None when no migration has run."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _is_newest(connection: Connection, place: URL) -> bool:
    found = current_revision(connection)
    if found is None or found in REVISIONS:
        return found == HEAD
    if found.partition("~")[2] not in REVISIONS:
        raise database_error(
            place, f"was written by a newer version of this program (schema {found!r}): install that version"
        )
    return True


def _begin_alone(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Python's driver opens no transaction before DDL, so a killed program would leave half a schema.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _upgrade(connection: Connection, place: URL) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        words = str(error.orig).splitlines()[0]
        raise database_error(
            place, f"cannot be brought to schema {HEAD} ({words}): name an empty database, or restore a backup"
        ) from error
