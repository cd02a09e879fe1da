"""The locks of conversations in PostgreSQL: rows that refer to their worker, and fall with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg

from shopbot.agents.postgres.worker import Worker
from shopbot.agents.turn_locks import TurnLocks
from shopbot.errors import AgentError

TABLE = (
    "CREATE TABLE IF NOT EXISTS agent_turns (conversation TEXT PRIMARY KEY,"
    " worker TEXT NOT NULL REFERENCES agent_workers (id) ON DELETE CASCADE)",
    "CREATE INDEX IF NOT EXISTS agent_turns_of_worker ON agent_turns (worker)",
)
# Within a process there is a line; a row of this worker's own is what could not be deleted while the server was away.
_TAKE = (
    "INSERT INTO agent_turns (conversation, worker) VALUES (%s, %s) ON CONFLICT (conversation)"
    " DO UPDATE SET worker = excluded.worker WHERE agent_turns.worker = excluded.worker RETURNING 1"
)
_RELEASE = "DELETE FROM agent_turns WHERE conversation = %s AND worker = %s"
logger = logging.getLogger(__name__)


class LeaseLocks(TurnLocks):
    """One turn at a time, whichever worker runs it. `before_release` runs right before a turn's lock goes."""

    glance_s = 0.05
    waits = True

    def __init__(self, worker: Worker, before_release: Callable[[str], None]) -> None:
        super().__init__()
        self.is_ready = True
        self._worker = worker
        self._before_release = before_release
        self._unreleased: set[str] = set()
        self._taking = threading.Lock()
        """Held while a row is taken, and while one is released late: that must not be the row of a new turn."""
        worker.on_beat.append(self._release_again)

    def try_lock(self, conversation: str) -> bool:
        """Lock the conversation, if no living worker has it; waits for the server.

        Raises:
            WorkerFenced: this worker was declared dead.
        """
        with self._taking:
            with self._worker.connection() as connection:
                locked = connection.execute(_TAKE, (conversation, self._worker.id)).fetchone() is not None
            if locked:
                self._unreleased.discard(conversation)
        return locked

    def _unlock(self, conversation: str) -> None:
        """Waits for the server; when it does not answer, the heart tries again."""
        try:
            self._release(conversation)
        except (AgentError, psycopg.Error, OSError) as error:
            logger.warning("the lock of a conversation is released later (%s)", error)
            self._unreleased.add(conversation)

    def _release(self, conversation: str) -> None:
        self._before_release(conversation)
        with self._worker.connection() as connection:
            connection.execute(_RELEASE, (conversation, self._worker.id))

    def _release_again(self) -> None:
        for conversation in tuple(self._unreleased):
            with self._taking:
                if conversation in self._unreleased and conversation not in self._waiting:
                    self._release(conversation)
                    self._unreleased.discard(conversation)
