"""The journal of writes: what has been done in a conversation, by idempotency key, so that nothing is done twice.

It lies outside the checkpoints on purpose: a replay, a fork or a retry goes back in time with the checkpoints, but not
with the world. A write that was cut short before it could be recorded runs again with the same key, which is why the
action is given the key too.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from shopbot.tools.action import Citation, Observation


class Journal(Protocol):
    """Remembers the observation of each write."""

    def recall(self, key: str) -> Observation | None:
        """What the write with this key observed, if it has been done."""

    def keep(self, key: str, observation: Observation) -> None:
        """Remember what the write with this key observed."""


class MemoryJournal:
    """A journal that lasts as long as the process."""

    def __init__(self) -> None:
        self._done: dict[str, Observation] = {}

    def recall(self, key: str) -> Observation | None:
        """See `Journal`."""
        return self._done.get(key)

    def keep(self, key: str, observation: Observation) -> None:
        """See `Journal`."""
        self._done[key] = observation


class SqliteJournal:
    """A journal in a SQLite database, beside the conversations it belongs to."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._connection = connection
        self._lock = lock
        with self._lock, self._connection:
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS writes_done (key TEXT PRIMARY KEY, observation TEXT NOT NULL)"
            )

    def recall(self, key: str) -> Observation | None:
        """See `Journal`."""
        with self._lock:
            row = self._connection.execute("SELECT observation FROM writes_done WHERE key = ?", (key,)).fetchone()
        return _load(json.loads(row[0])) if row else None

    def keep(self, key: str, observation: Observation) -> None:
        """See `Journal`."""
        stored = json.dumps(asdict(observation), ensure_ascii=False, default=str)
        with self._lock, self._connection:
            self._connection.execute("INSERT OR IGNORE INTO writes_done VALUES (?, ?)", (key, stored))


def _load(stored: Mapping[str, Any]) -> Observation:
    citations = tuple(Citation(**citation) for citation in stored["citations"])
    return Observation(**{**stored, "citations": citations})
