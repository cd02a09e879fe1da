"""Which processes are alive, so that work is taken over from dead ones only.

Every process holds a lock for as long as it lives, which falls however it ends: over one data folder the file lock of
a numbered slot, which the kernel frees; over a PostgreSQL an advisory lock, which the server frees with the connection.
The lock's name is the executor id under which DBOS files the work of the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, LiteralString

from shopbot.postgres_url import libpq_url

if TYPE_CHECKING:
    from psycopg import Connection

_KEEP_ALIVE = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2"
"""The server notices within ten seconds that a machine is gone."""


class Executor:
    """This process's slot; `id` is unique among all data folders."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._prefix = _folder_id(folder)
        self._slot, self._lock = _first_free_slot(folder)

    @property
    def id(self) -> str:
        """The executor id of this process."""
        return f"{self._prefix}-{self._slot}"

    @contextlib.contextmanager
    def dead(self, among: Collection[str] = ()) -> Iterator[list[str]]:
        """The executor ids of processes that are gone, kept from coming back while the block runs."""
        with contextlib.ExitStack() as held:
            ids = []
            for file in sorted(self._folder.glob("*.slot")):
                lock = _try_lock(file) if file.stem != str(self._slot) else None
                if lock is not None:
                    held.callback(lock.close)
                    ids.append(f"{self._prefix}-{file.stem}")
            yield ids

    def close(self) -> None:
        """Give the slot back."""
        self._lock.close()


class SharedExecutor:
    """This process among all that share a PostgreSQL, on whichever machines; `id` is never used again."""

    def __init__(self, url: str) -> None:
        self.id = f"pg-{uuid.uuid4().hex}"
        self._url = libpq_url(url)
        self._connection = self._hold()

    @contextlib.contextmanager
    def dead(self, among: Collection[str]) -> Iterator[list[str]]:
        """Those executor ids whose processes are gone; others find them alive while the block runs.

        Raises:
            psycopg.Error: the server does not answer.
        """
        if self._connection.closed:
            self._connection = self._hold()
        held = [id for id in sorted(set(among) - {self.id}) if self._run("pg_try_advisory_lock", id)]
        try:
            yield held
        finally:
            for id in held:
                self._run("pg_advisory_unlock", id)

    def close(self) -> None:
        """Let go."""
        self._connection.close()

    def _hold(self) -> Connection[Any]:
        import psycopg

        self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10, options=_KEEP_ALIVE)
        self._run("pg_try_advisory_lock", self.id)
        return self._connection

    def _run(self, function: LiteralString, id: str) -> bool:
        number = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big", signed=True)
        row = self._connection.execute(f"SELECT {function}(%s)", (number,)).fetchone()
        return bool(row and row[0])


def _first_free_slot(folder: Path) -> tuple[int, BinaryIO]:
    for slot in itertools.count(1):
        lock = _try_lock(folder / f"{slot}.slot")
        if lock is not None:
            return slot, lock
    raise AssertionError("unreachable: slots have no end")


def _try_lock(file: Path) -> BinaryIO | None:
    lock = file.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _folder_id(folder: Path) -> str:
    # Data folders on several machines may share one workflow database, and all of them have a slot 1.
    file = folder / "id"
    with contextlib.suppress(FileExistsError), file.open("x", encoding="ascii") as new:
        new.write(uuid.uuid4().hex)
    return file.read_text(encoding="ascii").strip()
