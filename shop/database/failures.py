"""Turns what a database driver raises when the database cannot be used into a `DatabaseError` sentence.

A mistake in a statement (a constraint, an unknown column) is not a failure of the database and stays as it is.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, ExceptionContext

from shopbot.shop.errors import DatabaseError

_SQLITE = {
    sqlite3.SQLITE_BUSY: "is locked by another program: close it, or try again in a moment",
    sqlite3.SQLITE_LOCKED: "is locked by another program: close it, or try again in a moment",
    sqlite3.SQLITE_READONLY: "may not be written: give this user write permission on it and on its folder",
    sqlite3.SQLITE_PERM: "may not be opened: give this user permission to read and write it",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that its folder exists and that this user may write there",
    sqlite3.SQLITE_IOERR: "cannot be read or written: check the disk, then try again",
    sqlite3.SQLITE_FULL: "cannot grow because the disk is full: free some space, then try again",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup, or move it away to start with a new one",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database: restore a backup, or move it away to start with a new one",
}
_POSTGRES = {
    "28": "does not accept this user: check user and password in SHOPBOT_DATABASE_URL",
    "3D": "does not exist: create it, or correct SHOPBOT_DATABASE_URL",
    "08": "cannot be reached: check that the server runs and that SHOPBOT_DATABASE_URL is right",
    "53": "has no room for another connection or row: try again in a moment, or ask who runs it",
    "42501": "may not be used by this user: grant it the right to create and read tables",
    "57P": "is being shut down or started: try again in a moment",
}
_UNREACHABLE = "08"


def translate_failures(engine: Engine, url: URL) -> None:
    """From now on `engine` raises `DatabaseError` when the database at `url` cannot be used."""

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> DatabaseError | None:
        reason = failure_reason(context.original_exception)
        return None if reason is None else database_error(url, reason)


def database_error(url: URL, reason: str) -> DatabaseError:
    """One sentence: which database (its password hidden), what is wrong and the way out."""
    return DatabaseError(f"The order database {name_of(url)} {reason}.")


def name_of(url: URL) -> str:
    """The file of a SQLite database, the URL without its password of any other."""
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or ":memory:"))
    # The query of a PostgreSQL URL may hold a password too.
    return url.set(query={}).render_as_string(hide_password=True)


def failure_reason(error: BaseException | None) -> str | None:
    """What is wrong with the database and the way out; None when it is the statement that is wrong."""
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return _postgres_reason(error)


def _postgres_reason(error: BaseException | None) -> str | None:
    import psycopg

    if not isinstance(error, psycopg.Error):
        return None
    if error.sqlstate is None:
        return _reason_in_words(str(error)) if isinstance(error, psycopg.OperationalError) else None
    return next((reason for state, reason in _POSTGRES.items() if error.sqlstate.startswith(state)), None)


def _reason_in_words(message: str) -> str:
    # A failed connection carries no SQLSTATE in libpq, only the server's words.
    if "authentication failed" in message or ("role" in message and "does not exist" in message):
        return _POSTGRES["28"]
    if "database" in message and "does not exist" in message:
        return _POSTGRES["3D"]
    return _POSTGRES[_UNREACHABLE]
