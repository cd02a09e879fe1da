"""Answers one SELECT that an engine wrote, over a single customer's rows and nothing else.

Three walls, each enough by itself for what it covers: the statement is rebuilt from an allow-list of syntax
(`select_grammar`), every table is cut down to the customer's rows (`own_rows`), and the database itself is told
to read only, within limits of time and size (here). What comes back is data, never the text of another program.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlglot import exp

from shopbot.shop.database.own_rows import PREFIXES, TABLES, limited_to_customer
from shopbot.shop.database.select_grammar import QueryRefused, parse_select

__all__ = ["QueryRefused", "SelectResult", "run_select"]

MAX_TEXT = 20_000
"""Characters of all values of a result together."""
_STEPS_BETWEEN_LOOKS = 20
"""Steps of SQLite's machine between two looks at the clock. A step is at most one function call, and the limits below
keep the dearest call to some milliseconds: nothing can interrupt one from outside."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 10_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 8,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_CANCELLED = "57014"
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION}


@dataclass(frozen=True)
class SelectResult:
    """The answer; `truncated` says that there were more rows, or more text, than may be given."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


def run_select(reader: Engine, sql: str, customer_id: int, max_rows: int = 50, timeout_s: float = 2.0) -> SelectResult:
    """Run `sql`, one SELECT in the dialect of `reader`, over the rows of the verified customer.

    Raises:
        QueryRefused: it is not allowed, not understood, wrong, or takes longer than `timeout_s` seconds.
        DatabaseError: the database cannot be used.
    """
    dialect = "sqlite" if reader.dialect.name == "sqlite" else "postgres"
    tree = parse_select(sql.strip().rstrip(";"), dialect)
    _limit_rows(tree, max_rows + 1)
    statement = limited_to_customer(tree, dialect)
    with reader.connect() as connection, _fenced(connection, timeout_s):
        try:
            found = connection.exec_driver_sql(statement, {"customer_id": customer_id})
            return _collect(tuple(found.keys()), found.fetchmany(max_rows + 1), max_rows)
        except DBAPIError as error:
            raise _refusal(error, timeout_s) from None
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise QueryRefused(f"The query cannot be run ({error}): correct it.") from None


def _limit_rows(tree: exp.Query, most: int) -> None:
    limit = tree.args.get("limit")
    if limit is None or int(limit.expression.name) > most:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))


def _collect(columns: tuple[str, ...], found: Iterable[Sequence[Any]], max_rows: int) -> SelectResult:
    rows: list[tuple[Any, ...]] = []
    room = MAX_TEXT
    for row in found:
        room -= sum(len(str(value)) for value in row)
        if len(rows) == max_rows or room < 0:
            return SelectResult(columns, tuple(rows), truncated=True)
        rows.append(tuple(row))
    return SelectResult(columns, tuple(rows), truncated=False)


def _refusal(error: DBAPIError, timeout_s: float) -> QueryRefused:
    interrupted = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    if interrupted or getattr(error.orig, "sqlstate", None) == _CANCELLED:
        return QueryRefused(f"The query takes longer than {timeout_s:g} s: ask for less.")
    words = str(error.orig).splitlines()[0][:200] if str(error.orig) else "no reason given"
    return QueryRefused(f"The query cannot be run ({words}): correct it.")


@contextmanager
def _fenced(connection: Connection, timeout_s: float) -> Iterator[None]:
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(timeout_s * 1000))}")
        yield
        return
    file = connection.connection.dbapi_connection
    assert isinstance(file, sqlite3.Connection)  # noqa: S101
    deadline = time.monotonic() + timeout_s
    before = {limit: file.setlimit(limit, most) for limit, most in _LIMITS.items()}
    file.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS)
    file.set_authorizer(_authorize)
    try:
        yield
    finally:
        file.set_authorizer(None)
        file.set_progress_handler(None, 0)
        for limit, most in before.items():
            file.setlimit(limit, most)


def _authorize(action: int, first: str | None, second: str | None, _place: str | None, _view: str | None) -> int:
    if action == sqlite3.SQLITE_READ:
        # A source none of whose columns is read has no column here; its name is a table's or a query's.
        known = first in TABLES or (second == "" and (first is None or first.startswith(PREFIXES)))
        return sqlite3.SQLITE_OK if known else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY
