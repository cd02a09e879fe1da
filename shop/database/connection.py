"""Opens the order database: a SQLite file or PostgreSQL, brought to the newest schema; or opened only to read.

Nothing is ever deleted here: a damaged file stays where it is, and the error says so.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from shopbot.shop.database.failures import database_error, translate_failures
from shopbot.shop.database.migrate import migrate

BUSY_TIMEOUT_MS = 30_000
"""How long a statement waits for another program's write."""
STATEMENT_TIMEOUT_MS = 10_000
"""How long PostgreSQL works on a statement of a read-only connection."""
CONNECT_TIMEOUT_S = 10


def open_database(url: str) -> Engine:
    """The order database at `url`, created when it is a SQLite file that is missing, migrated to the newest schema.

    Raises:
        DatabaseError: it is damaged, locked, unreachable, may not be written, or belongs to a newer program.
    """
    place = make_url(url)
    engine = _open_file(place) if place.get_backend_name() == "sqlite" else _open_server(place)
    try:
        migrate(engine, place)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_read_only(url: str) -> Engine:
    """The order database at `url`, opened so that no statement can change it; it has to exist.

    Raises:
        DatabaseError: it is damaged, missing, locked, unreachable, or holds no shop.
    """
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        engine = _engine_for_file(place, mode="ro", pragmas=("query_only=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"))
    else:
        engine = _open_server(place, default_transaction_read_only="on", statement_timeout=str(STATEMENT_TIMEOUT_MS))
    try:
        _check_readable(engine, place)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _check_readable(engine: Engine, place: URL) -> None:
    # A damaged file shows only when its schema is read, so opening alone proves nothing.
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT order_number FROM orders WHERE order_number = ''")
    except DBAPIError:
        raise database_error(place, "holds no shop yet: run 'shopbot reset', or name another database") from None


def _open_file(place: URL) -> Engine:
    _make_folder(place)
    return _engine_for_file(place, mode="rwc", pragmas=(f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"))


def _make_folder(place: URL) -> None:
    folder = _file(place).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"needs the folder {str(folder)!r}, which cannot be made ({error.strerror}): choose another place"
        raise database_error(place, reason) from None


def _file(place: URL) -> Path:
    if not place.database or place.database == ":memory:":
        raise database_error(place, "would be lost at the end: name a file, for example sqlite:////var/lib/shop.db")
    return Path(place.database).absolute()


def _engine_for_file(place: URL, mode: str, pragmas: tuple[str, ...]) -> Engine:
    address = f"file:{quote(str(_file(place)))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)
    translate_failures(engine, place)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        if mode == "rwc":
            _use_write_ahead_log(connection)

    return engine


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # The mode stays in the file; asking for it again would need a lock that a long reader may hold.
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL")


def _open_server(place: URL, **settings: str) -> Engine:
    # Quoting in the statements that are checked by shop.database.select relies on standard strings.
    options = {"timezone": "UTC", "standard_conforming_strings": "on", **settings}
    asked = place.query.get("options", "")
    given = [asked] if isinstance(asked, str) else list(asked)
    engine = create_engine(
        place.set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": " ".join([*given, *(f"-c {name}={value}" for name, value in options.items())]),
        },
        pool_pre_ping=True,
        hide_parameters=True,
    )
    translate_failures(engine, place)
    return engine
