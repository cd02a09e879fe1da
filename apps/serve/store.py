"""The conversations as whoever takes part sees them: entries in one SQLite file, each written before it is shown.

What the agent itself remembers (facts, plan, observations) is in its checkpoints; here is what was said, by whom, and
which messages are still to be answered.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shopbot.shop.errors import ShopError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created_at TEXT NOT NULL, held_by TEXT, title TEXT NOT NULL DEFAULT '',
    needs_person INTEGER NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS conversations_newest ON conversations (newest);
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL REFERENCES conversations (id), id TEXT NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL, details TEXT NOT NULL, answered INTEGER NOT NULL,
    UNIQUE (conversation, id));
CREATE INDEX IF NOT EXISTS entries_of_conversation ON entries (conversation, seq);
CREATE INDEX IF NOT EXISTS entries_unanswered ON entries (conversation) WHERE answered = 0;
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, ms REAL NOT NULL, engine TEXT NOT NULL,
    outcome TEXT NOT NULL, cost REAL NOT NULL, trace TEXT NOT NULL, PRIMARY KEY (conversation, message));
CREATE TABLE IF NOT EXISTS ends (digest TEXT NOT NULL, conversation TEXT NOT NULL, PRIMARY KEY (digest, conversation));
"""
_ENTRY = "seq, conversation, id, speaker, text, at, details, answered"
_TITLE = 80
BUSY_TIMEOUT_S = 5.0


class StoreError(ShopError):
    """The file of conversations cannot be opened."""


@dataclass(frozen=True)
class Conversation:
    """One conversation; `owner` says who may continue it, `held_by` which person speaks instead of the agent."""

    id: str
    owner: str
    created_at: str
    held_by: str | None
    title: str
    needs_person: bool
    newest: int


@dataclass(frozen=True)
class Entry:
    """What somebody said: `speaker` is customer, bot, staff or notice; `seq` orders all entries, and only grows."""

    seq: int
    conversation: str
    id: str
    speaker: str
    text: str
    at: str
    details: Mapping[str, Any] = field(default_factory=dict)
    answered: bool = True


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


class Store:
    """The file of conversations. Every method is one transaction and may be called from any thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def create(self, conversation: str, owner: str) -> Conversation:
        """A new conversation; the one that is there if it was created before."""
        with self._transaction() as run:
            run(
                "INSERT INTO conversations (id, owner, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                conversation,
                owner,
                _now(),
            )
        found = self.find(conversation)
        assert found is not None  # noqa: S101 -- written above; nothing deletes
        return found

    def find(self, conversation: str) -> Conversation | None:
        """The conversation with that id."""
        with self._transaction() as run:
            rows = run("SELECT * FROM conversations WHERE id = ?", conversation)
        return _conversation(rows[0]) if rows else None

    def listed(self, *, before: int = 0, limit: int = 50, words: str = "", only: str = "") -> list[Conversation]:
        """Conversations in which something was said, those of the newest words first.

        Args:
            before: only those whose newest entry is older than this one; 0: all.
            limit: how many.
            words: only those in which somebody said this.
            only: "waiting" for a person, "held" by one, or "" for all.
        """
        narrowed = {"waiting": " AND needs_person = 1", "held": " AND held_by IS NOT NULL"}.get(only, "")
        select = (
            "SELECT * FROM conversations WHERE newest > 0 AND (? = 0 OR newest < ?)"  # noqa: S608 -- fixed words
            " AND (? = '' OR EXISTS (SELECT 1 FROM entries WHERE conversation = conversations.id"
            f" AND instr(lower(text), lower(?)))){narrowed} ORDER BY newest DESC LIMIT ?"
        )
        with self._transaction() as run:
            return [_conversation(row) for row in run(select, before, before, words, words, limit)]

    def receive(self, conversation: str, id: str, text: str, details: Mapping[str, Any]) -> tuple[Entry, bool]:
        """Keep a customer's message; the entry that is there already when it was sent before, and whether it is new.

        A message that was sent before its sender can have read the last reply is marked as `crossed`.
        """
        with self._transaction() as run:
            known = run(f"SELECT {_ENTRY} FROM entries WHERE conversation = ? AND id = ?", conversation, id)  # noqa: S608
            if known:
                return _entry(known[0]), False
            crossed = _crossed(run, conversation, details.get("seen"))
            held = run("SELECT held_by FROM conversations WHERE id = ?", conversation)[0][0]
            kept = {**details, "crossed": True} if crossed else dict(details)
            entry = _insert(run, conversation, id, "customer", text, kept, answered=held is not None)
            run("UPDATE conversations SET title = ? WHERE id = ? AND title = ''", text[:_TITLE], conversation)
        return entry, True

    def say(
        self,
        conversation: str,
        id: str,
        speaker: str,
        text: str,
        details: Mapping[str, Any],
        answers: str | None = None,
    ) -> Entry:
        """Write what the agent or a person says, once; `answers` is the id of the message that it answers."""
        with self._transaction() as run:
            known = run(f"SELECT {_ENTRY} FROM entries WHERE conversation = ? AND id = ?", conversation, id)  # noqa: S608
            entry = _entry(known[0]) if known else _insert(run, conversation, id, speaker, text, details, answered=True)
            _answer(run, conversation, answers)
        return entry

    def answered(self, conversation: str, id: str) -> None:
        """Note that nothing more will be said to this message."""
        with self._transaction() as run:
            _answer(run, conversation, id)

    def entries(self, conversation: str, after: int = 0, limit: int = 200) -> list[Entry]:
        """The entries after number `after`, oldest first."""
        select = f"SELECT {_ENTRY} FROM entries WHERE conversation = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
        with self._transaction() as run:
            return [_entry(row) for row in run(select, conversation, after, limit)]

    def unanswered(self) -> list[Entry]:
        """Every customer's message that a turn has still to answer, oldest first."""
        select = (
            f"SELECT {_ENTRY} FROM entries WHERE answered = 0 AND conversation IN"  # noqa: S608
            " (SELECT id FROM conversations WHERE held_by IS NULL) ORDER BY seq"
        )
        with self._transaction() as run:
            return [_entry(row) for row in run(select)]

    def hold(self, conversation: str, who: str | None) -> bool:
        """Let a person speak instead of the agent; None gives it back. Whether this changed anything."""
        with self._transaction() as run:
            changed = run(
                "UPDATE conversations SET held_by = ?, needs_person = 0 WHERE id = ?"
                " AND (held_by IS NULL) = ? RETURNING id",
                who,
                conversation,
                who is not None,
            )
        return bool(changed)

    def call_person(self, conversation: str) -> None:
        """Note that the conversation waits for a person."""
        with self._transaction() as run:
            run("UPDATE conversations SET needs_person = 1 WHERE id = ? AND held_by IS NULL", conversation)

    def done_by_person(self, conversation: str) -> None:
        """Note that the conversation waits for a person no more."""
        with self._transaction() as run:
            run("UPDATE conversations SET needs_person = 0 WHERE id = ?", conversation)

    def keep_end(self, digest: str, conversation: str) -> None:
        """Remember that what was said in the conversation has this digest now."""
        with self._transaction() as run:
            run("INSERT OR IGNORE INTO ends VALUES (?, ?)", digest, conversation)

    def take_end(self, digest: str) -> str | None:
        """A conversation that ends like that; it is about to go on, so it does not any more."""
        with self._transaction() as run:
            found = run("SELECT conversation FROM ends WHERE digest = ? LIMIT 1", digest)
            if found:
                run("DELETE FROM ends WHERE digest = ? AND conversation = ?", digest, found[0][0])
        return found[0][0] if found else None

    def record(self, turn: TurnRecord) -> None:
        """Keep what a turn took."""
        with self._transaction() as run:
            run(
                "INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                turn.conversation,
                turn.message,
                _now(),
                turn.ms,
                turn.engine,
                turn.outcome,
                turn.cost,
                json.dumps(turn.trace, default=str),
            )

    def turns(self, conversation: str | None = None, since: str = "") -> list[TurnRecord]:
        """The turns of a conversation, or of all, since a time (ISO, UTC), oldest first."""
        select = (
            "SELECT conversation, message, ms, engine, outcome, cost, trace, at FROM turns"
            " WHERE (? IS NULL OR conversation = ?) AND at >= ? ORDER BY at"
        )
        with self._transaction() as run:
            rows = run(select, conversation, conversation, since)
        names = ("conversation", "message", "ms", "engine", "outcome", "cost")
        return [TurnRecord(**dict(zip(names, row, strict=False)), trace=json.loads(row[6]), at=row[7]) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
            return self._connection.execute(sql, values).fetchall()

        with self._lock, self._connection:
            yield run


@contextmanager
def open_store(file: Path) -> Iterator[Store]:
    """The conversations in `file`, which is made when it is not there.

    Raises:
        StoreError: the file is damaged, locked, or cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_SCHEMA)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The conversations in {file} cannot be opened ({error}): close whatever uses the file, or move it away."
        ) from None
    try:
        yield Store(connection)
    finally:
        connection.close()


def _crossed(run: Any, conversation: str, seen: int | None) -> bool:
    waiting = run("SELECT 1 FROM entries WHERE conversation = ? AND answered = 0 LIMIT 1", conversation)
    if waiting or seen is None:
        return bool(waiting)
    newest = run("SELECT max(seq) FROM entries WHERE conversation = ? AND speaker != 'customer'", conversation)[0][0]
    return bool(newest is not None and seen < newest)


def _insert(
    run: Any, conversation: str, id: str, speaker: str, text: str, details: Mapping[str, Any], *, answered: bool
) -> Entry:
    at = _now()
    values: Sequence[Any] = (conversation, id, speaker, text, at, json.dumps(details, default=str), answered)
    insert = "INSERT INTO entries (conversation, id, speaker, text, at, details, answered) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ((seq,),) = run(f"{insert} RETURNING seq", *values)
    run("UPDATE conversations SET newest = ? WHERE id = ?", seq, conversation)
    return Entry(seq, conversation, id, speaker, text, at, details, answered)


def _answer(run: Any, conversation: str, id: str | None) -> None:
    run("UPDATE entries SET answered = 1 WHERE conversation = ? AND id = ?", conversation, id)


def _conversation(row: tuple[Any, ...]) -> Conversation:
    id, owner, created_at, held_by, title, needs_person, newest = row
    return Conversation(id, owner, created_at, held_by, title, bool(needs_person), newest)


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, conversation, id, speaker, text, at, details, answered = row
    return Entry(seq, conversation, id, speaker, text, at, json.loads(details), bool(answered))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
