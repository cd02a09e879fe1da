"""Conversations that several workers serve: a message is answered by whoever has claimed it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from shopbot.agents.postgres.worker import WorkerFenced
from shopbot.apps.serve.serve_file import Run, now
from shopbot.apps.serve.shared.tables import ServeTables
from shopbot.apps.serve.store import ENTRY, KNOWN, Entry, Store

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
# Nobody else writes into the conversation until the transaction ends: entries are seen in the order of their numbers.
_LOCK = """
UPDATE conversations SET title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ? RETURNING held_by
"""
_RECEIVE = """
WITH own AS (SELECT ?::text AS conversation, ?::bigint AS seen),
     crossed AS (SELECT EXISTS (SELECT 1 FROM entries JOIN own USING (conversation) WHERE answered = 0)
                 OR coalesce((SELECT max(seq) > max(seen) FROM entries JOIN own USING (conversation)
                              WHERE speaker <> 'customer'), false) AS is_crossed),
     kept AS (INSERT INTO entries (conversation, id, speaker, text, at, details, answered)
              SELECT conversation, ?, 'customer', ?, ?, CASE WHEN is_crossed THEN ? ELSE ? END, ? FROM own, crossed
              ON CONFLICT (conversation, id) DO NOTHING RETURNING seq, details)
UPDATE conversations SET newest = seq FROM kept, own WHERE conversations.id = conversation RETURNING seq, details
"""
_SAY = """
WITH kept AS (INSERT INTO entries (conversation, id, speaker, text, at, details, answered)
              VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT (conversation, id) DO NOTHING RETURNING seq),
     done AS (UPDATE entries SET answered = 1 WHERE conversation = ? AND id = ?)
UPDATE conversations SET newest = seq FROM kept WHERE conversations.id = ? RETURNING seq
"""
_FORGET = "DELETE FROM serve_claims USING entries WHERE entry = seq AND worker = ? AND answered = 1"


class SharedStore(Store):
    """As `Store`; the claims of a worker fall when it is declared dead."""

    is_shared = True
    outages = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, WorkerFenced)

    def __init__(self, tables: ServeTables) -> None:
        super().__init__(tables)
        self._worker = tables.worker

    def receive(self, conversation: str, id: str, text: str, details: Mapping[str, Any]) -> tuple[Entry, bool]:
        """As `Store.receive`, in two statements."""
        both = (details, {**details, "crossed": True})
        plain, crossed = (self._seal.text(json.dumps(each, default=str)) for each in both)
        at, seen = now(), details.get("seen")
        with self._transaction() as run:
            is_held = run(_LOCK, self._titled(text), conversation)[0][0] is not None
            kept = run(_RECEIVE, conversation, seen, id, self._seal.text(text), at, crossed, plain, is_held)
            if not kept:
                return self._entry(run(KNOWN, conversation, id)[0]), False
        ((seq, stored),) = kept
        return Entry(seq, conversation, id, "customer", text, at, json.loads(self._seal.plain(stored)), is_held), True

    def _indexed(self, run: Run, words: str) -> tuple[str, str]:
        """As `Store._indexed`. PostgreSQL cannot tell how rare the words are: it would as soon read everything."""
        run("SET LOCAL enable_seqscan = off")
        found = "SELECT conversation FROM entries WHERE lower(text) LIKE lower(?) AND left(text, 1) <> chr(30)"
        return f" AND id = ANY(ARRAY({found}))", "%" + re.sub(r"([\\%_])", r"\\\1", words) + "%"

    def say(
        self,
        conversation: str,
        id: str,
        speaker: str,
        text: str,
        details: Mapping[str, Any],
        answers: str | None = None,
    ) -> Entry:
        """As `Store.say`, in two statements."""
        at, stored = now(), self._seal.text(json.dumps(details, default=str))
        with self._transaction() as run:
            run(_LOCK, "", conversation)
            kept = (conversation, id, speaker, self._seal.text(text), at, stored)
            said = run(_SAY, *kept, conversation, answers, conversation)
            if not said:
                return self._entry(run(KNOWN, conversation, id)[0])
        return Entry(said[0][0], conversation, id, speaker, text, at, details)

    def unanswered(self) -> list[Entry]:
        """The messages that this worker has to answer: its own, and from now on those that nobody has claimed."""
        own = self._worker.id
        with self._transaction() as run:
            run(_FORGET, own)
            run(_CLAIM_FREE, own)
            return [self._entry(row) for row in run(_CLAIMED, own)]
