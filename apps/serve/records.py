"""What is kept beside the words: what turns took, how far channels were told, where OpenAI's clients stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopbot.apps.serve.serve_file import Tables, now

SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, ms DOUBLE PRECISION NOT NULL,
    engine TEXT NOT NULL, outcome TEXT NOT NULL, cost DOUBLE PRECISION NOT NULL, trace TEXT NOT NULL,
    PRIMARY KEY (conversation, message));
CREATE INDEX IF NOT EXISTS turns_at ON turns (at);
CREATE TABLE IF NOT EXISTS told (conversation TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ends (digest TEXT NOT NULL, conversation TEXT NOT NULL, PRIMARY KEY (digest, conversation));
"""
_TURN = "conversation, message, ms, engine, outcome, cost, trace, at"


@dataclass(frozen=True)
class TurnRecord:
    """What one turn took; `trace` is its reasoning as staff may see it, `cost` in dollars."""

    conversation: str
    message: str
    ms: float
    engine: str
    outcome: str
    cost: float
    trace: Mapping[str, Any]
    at: str = ""


class Records:
    """The records. Every method is one transaction and may be called from any thread."""

    def __init__(self, tables: Tables) -> None:
        self._transaction = tables.transaction
        self._seal = tables.seal

    def keep_end(self, digest: str, conversation: str) -> None:
        """Remember that what was said in the conversation has this digest now."""
        with self._transaction() as run:
            run("INSERT INTO ends (digest, conversation) VALUES (?, ?) ON CONFLICT DO NOTHING", digest, conversation)

    def take_end(self, digest: str) -> str | None:
        """A conversation that ends like that; it is about to go on, so it does not any more."""
        with self._transaction() as run:
            found = run("SELECT conversation FROM ends WHERE digest = ? LIMIT 1", digest)
            if found:
                run("DELETE FROM ends WHERE digest = ? AND conversation = ?", digest, found[0][0])
        return found[0][0] if found else None

    def told(self, conversation: str) -> int:
        """The newest entry that the channel of the conversation has been told."""
        with self._transaction() as run:
            found = run("SELECT seq FROM told WHERE conversation = ?", conversation)
        return found[0][0] if found else 0

    def keep_told(self, conversation: str, seq: int) -> None:
        """Remember that the channel has been told up to there."""
        with self._transaction() as run:
            insert = "INSERT INTO told (conversation, seq) VALUES (?, ?)"
            run(f"{insert} ON CONFLICT (conversation) DO UPDATE SET seq = excluded.seq", conversation, seq)

    def untold(self, owner: str) -> list[str]:
        """The conversations of that channel in which something is still to be told."""
        select = (
            "SELECT id FROM conversations LEFT JOIN told ON conversation = id"
            " WHERE owner = ? AND newest > coalesce(seq, 0) ORDER BY newest"
        )
        with self._transaction() as run:
            return [row[0] for row in run(select, owner)]

    def record(self, turn: TurnRecord) -> None:
        """Keep what a turn took."""
        with self._transaction() as run:
            run(
                "INSERT INTO turns (conversation, message, at, ms, engine, outcome, cost, trace)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (conversation, message) DO UPDATE SET"
                " at = excluded.at, ms = excluded.ms, engine = excluded.engine, outcome = excluded.outcome,"
                " cost = excluded.cost, trace = excluded.trace",
                turn.conversation,
                turn.message,
                now(),
                turn.ms,
                turn.engine,
                turn.outcome,
                turn.cost,
                self._seal.text(json.dumps(turn.trace, default=str)),
            )

    def turns(self, conversation: str | None = None, since: str = "") -> list[TurnRecord]:
        """The turns of a conversation, or of all, since a time (ISO, UTC), oldest first."""
        only, given = ("", ()) if conversation is None else (" AND conversation = ?", (conversation,))
        select = f"SELECT {_TURN} FROM turns WHERE at >= ?{only} ORDER BY at"  # noqa: S608
        with self._transaction() as run:
            rows = run(select, since, *given)
        names = ("conversation", "message", "ms", "engine", "outcome", "cost")
        traces = [json.loads(self._seal.plain(row[6])) for row in rows]
        return [
            TurnRecord(**dict(zip(names, row, strict=False)), trace=trace, at=row[7])
            for row, trace in zip(rows, traces, strict=True)
        ]
