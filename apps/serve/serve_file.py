"""The server's own SQLite file: one connection for all threads, one transaction at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from shopbot.apps.serve.word_index import index_file
from shopbot.encryption import PLAIN, Seal
from shopbot.shop.errors import ShopError

BUSY_TIMEOUT_S = 5.0
Run = Callable[..., list[tuple[Any, ...]]]
"""Runs one statement with its values; the rows."""


class Tables(Protocol):
    """Where the server's records are kept; `words_indexed`: whether a search for words has an index."""

    words_indexed: bool
    seal: Seal
    """What texts are encrypted with."""

    def transaction(self) -> AbstractContextManager[Run]:
        """What runs statements until the block ends: all of them hold, or none."""
        ...


class ServeFileError(ShopError):
    """The file cannot be opened."""


class ServeFile:
    """The open file."""

    def __init__(self, connection: sqlite3.Connection, *, words_indexed: bool = False, seal: Seal = PLAIN) -> None:
        self._connection = connection
        self.seal = seal
        self.words_indexed = words_indexed
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """What runs statements until the block ends: all of them hold, or none."""

        def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
            return self._connection.execute(sql, values).fetchall()

        with self._lock, self._connection:
            yield run


@contextmanager
def open_serve_file(file: Path, *schemas: str, seal: Seal = PLAIN) -> Iterator[ServeFile]:
    """The file with the tables of these schemas; it is made when it is not there.

    Raises:
        ServeFileError: it is damaged, locked, or cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode=WAL")
        for schema in schemas:
            connection.executescript(schema)
        words_indexed = index_file(connection)
    except (sqlite3.Error, OSError) as error:
        raise ServeFileError(
            f"The conversations in {file} cannot be opened ({error}): close whatever uses the file, or move it away."
        ) from None
    try:
        yield ServeFile(connection, words_indexed=words_indexed, seal=seal)
    finally:
        connection.close()


def now() -> str:
    """The time as it is kept: ISO, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
