"""Conversations that several workers serve: a message is answered by whoever has claimed it."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolTimeout

from shopbot.agents.postgres.worker import WorkerFenced
from shopbot.apps.serve.shared.tables import ServeTables
from shopbot.apps.serve.store import ENTRY, Entry, Store, entry_of

_CLAIM_FREE = """
INSERT INTO serve_claims (entry, worker)
SELECT seq, ? FROM entries WHERE answered = 0
AND conversation IN (SELECT id FROM conversations WHERE held_by IS NULL)
AND NOT EXISTS (SELECT 1 FROM serve_claims WHERE entry = seq)
ON CONFLICT DO NOTHING
"""
_CLAIMED = f"""
SELECT {ENTRY} FROM entries JOIN serve_claims ON entry = seq WHERE worker = ? AND answered = 0 ORDER BY seq
"""  # noqa: S608
_FORGET = "DELETE FROM serve_claims USING entries WHERE entry = seq AND worker = ? AND answered = 1"


class SharedStore(Store):
    """As `Store`; the claims of a worker fall when it is declared dead."""

    is_shared = True
    outages = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, WorkerFenced)

    def __init__(self, tables: ServeTables) -> None:
        super().__init__(tables)
        self._worker = tables.worker

    def unanswered(self) -> list[Entry]:
        """The messages that this worker has to answer: its own, and from now on those that nobody has claimed."""
        own = self._worker.id
        with self._transaction() as run:
            run(_FORGET, own)
            run(_CLAIM_FREE, own)
            return [entry_of(row) for row in run(_CLAIMED, own)]
