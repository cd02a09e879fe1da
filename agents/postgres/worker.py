"""A worker: this process's place among all that share a PostgreSQL, and the connections that it has to it.

Its row in `agent_workers` is its licence: locks refer to it and fall with it. Whoever stays silent for `LEASE_S` is
declared dead by another worker: the row goes, the server ends its connections, and none that it opens afterwards is
let in. A process that was only paused can therefore not write late; it learns from `WorkerFenced` that it has to start
anew. All times are those of the server: the clocks of the workers do not matter.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from shopbot.errors import AgentError, first_line

LEASE_S = 8.0
"""How long a worker may be silent before others take its place."""
BEATS = 8
"""How often it tells in that time that it is alive."""
CONNECT_S = 10
POOL = 8
"""Connections of a worker, beside the one of its heart: each is held for one transaction, never for a turn."""
SETUP_LOCK, WORKERS_LOCK = 7_274_746_726, 7_274_746_727
"""PostgreSQL's advisory locks under which one process at a time makes tables, and the one of the workers."""
_GLANCE_S = 0.05
_TABLE = (
    "CREATE TABLE IF NOT EXISTS agent_workers"
    " (id TEXT PRIMARY KEY, seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())"
)
_SILENT = "SELECT id FROM agent_workers WHERE seen_at < clock_timestamp() - make_interval(secs => %s)"
_DECLARE_DEAD = (
    "DELETE FROM agent_workers WHERE id = ANY(%s) AND seen_at < clock_timestamp() - make_interval(secs => %s)"
    " RETURNING id"
)
_END_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
    " WHERE application_name = ANY(%s) AND pid <> pg_backend_pid()"
)
logger = logging.getLogger(__name__)


class WorkerFenced(AgentError):
    """This process was silent for so long that others have taken over its work; it may write nothing more."""


def unreachable(error: psycopg.Error) -> str:
    """The sentence for conversations whose server cannot be used."""
    return (
        f"The conversations in PostgreSQL cannot be reached ({first_line(error)}): check the database's URL, that "
        "the server runs, and that this user may make tables there."
    )


class Worker:
    """An open worker; `id` is its own and never used again. Connections commit each statement by itself."""

    def __init__(self, url: str, lease_s: float = LEASE_S, connections: int = POOL) -> None:
        self.id = uuid.uuid4().hex
        self.url = url
        self._lease_s = lease_s
        self.is_fenced = False
        self.on_fenced: Callable[[], None] = lambda: None
        self.on_beat: list[Callable[[], None]] = []
        self._options: dict[str, Any] = {
            "autocommit": True,
            "row_factory": dict_row,
            "application_name": _name(self.id),
            "connect_timeout": CONNECT_S,
        }
        self._pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
            url,
            kwargs=self._options,
            configure=self._admit,
            min_size=1,
            max_size=connections,
            timeout=CONNECT_S,
            reconnect_timeout=lease_s,
            open=False,
        )
        self._closing = threading.Event()
        self._heart = threading.Thread(target=self._live, name="heartbeat", daemon=True)

    def open(self) -> None:
        """Take a place.

        Raises:
            psycopg.Error: the server cannot be reached or does not let this user in.
        """
        with psycopg.connect(self.url, autocommit=True, connect_timeout=CONNECT_S) as connection:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (WORKERS_LOCK,))
                connection.execute(_TABLE)
            connection.execute("INSERT INTO agent_workers (id) VALUES (%s)", (self.id,))
        self._pool.open(wait=True)
        self._heart.start()

    @contextmanager
    def connection(self) -> Iterator[Connection[DictRow]]:
        """A connection for one transaction.

        Raises:
            WorkerFenced: this worker was declared dead.
        """
        if self.is_fenced:
            raise self._fenced()
        with self._pool.connection() as connection:
            yield connection

    @contextmanager
    def listening(self) -> Iterator[Connection[DictRow]]:
        """A connection of its own, for as long as the block runs."""
        with psycopg.connect(self.url, **self._options) as connection:
            self._admit(connection)
            yield connection

    @contextmanager
    def setting_up(self) -> Iterator[Connection[DictRow]]:
        """A connection for making tables and indices; processes that start together do it one after the other."""
        with self.connection() as alone:
            # Not by waiting inside the server: an index that is built concurrently waits for all who wait there.
            locked = "SELECT 1 WHERE pg_try_advisory_lock(%s)"
            while alone.execute(locked, (SETUP_LOCK,)).fetchone() is None:
                time.sleep(_GLANCE_S)
            try:
                yield alone
            finally:
                alone.execute("SELECT pg_advisory_unlock(%s)", (SETUP_LOCK,))

    def close(self) -> None:
        """Give the place up, and with it every lock."""
        self._closing.set()
        self._heart.join()
        if not self.is_fenced:
            with suppress(psycopg.Error), self._pool.connection() as connection:
                connection.execute("DELETE FROM agent_workers WHERE id = %s", (self.id,))
        self._pool.close()

    def _admit(self, connection: Connection[DictRow]) -> None:
        """Use a new connection only while the worker has its place; waits for whoever is declaring it dead."""
        connection.prepare_threshold = 1
        own = connection.execute("SELECT 1 FROM agent_workers WHERE id = %s FOR KEY SHARE", (self.id,))
        if own.fetchone() is None:
            self.is_fenced = True
            raise self._fenced()

    def _live(self) -> None:
        """Beat, and bury those whose heart has stopped; but only after beating for a whole lease without a gap: when
        the server itself was away, everybody was silent."""
        while not self._closing.is_set():
            steady_since = time.monotonic()
            try:
                with self.listening() as connection:
                    self._pool.check()
                    while not self._closing.wait(self._lease_s / BEATS):
                        self._beat(connection)
                        if time.monotonic() - steady_since > self._lease_s:
                            self._bury(connection)
            except WorkerFenced:
                self._end()
                return
            except (psycopg.Error, OSError) as error:
                logger.warning("the database does not answer (%s)", error)
                self._closing.wait(self._lease_s / BEATS)

    def _beat(self, connection: Connection[DictRow]) -> None:
        beat = "UPDATE agent_workers SET seen_at = clock_timestamp() WHERE id = %s RETURNING 1"
        if connection.execute(beat, (self.id,)).fetchone() is None:
            raise self._fenced()
        for each in self.on_beat:
            each()

    def _end(self) -> None:
        logger.error("%s", self._fenced())
        self.is_fenced = True
        self._pool.close()
        self.on_fenced()

    def _bury(self, connection: Connection[DictRow]) -> None:
        """Declare dead who has been silent for too long. Their connections end before their locks fall."""
        dead = [row["id"] for row in connection.execute(_SILENT, (self._lease_s,))]
        if not dead:
            return
        names = [_name(id) for id in dead]
        with connection.transaction():
            connection.execute(_END_CONNECTIONS, (names,))
            gone = connection.execute(_DECLARE_DEAD, (dead, self._lease_s)).fetchall()
            connection.execute(_END_CONNECTIONS, (names,))
        for row in gone:
            logger.warning("worker %s is dead: others take over its work", row["id"])

    def _fenced(self) -> WorkerFenced:
        return WorkerFenced(
            f"This worker was silent for more than {self._lease_s:g} s, and others have taken over its work: start it "
            "anew."
        )


def _name(id: str) -> str:
    return f"shopbot {id}"
