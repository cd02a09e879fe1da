"""The journal of a conversation: what it received and did not answer yet, and its writes: begun, done or withdrawn.

It lies outside the checkpoints on purpose: a replay, a fork or a retry goes back in time with the checkpoints, but not
with the world. It must last as long as they do, so it is kept in the same place: `journal_for(checkpointer)`.

A write has a row before it begins, by its idempotency key; its observation is added when it has returned. A row that
was begun and never finished belongs to a turn that was cut short: what became of it is looked up (`Action.lookup`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol
from weakref import WeakKeyDictionary

from langchain_core.messages import AnyMessage, messages_from_dict, messages_to_dict

from shopbot.agents.sql_connection import Rows, Run, run_for
from shopbot.tools.action import Citation, Observation

Status = Literal["begun", "done", "withdrawn"]


@dataclass(frozen=True)
class Write:
    """One row: a write with its idempotency key and, once it is done, what it observed."""

    key: str
    conversation: str
    call_id: str
    status: Status
    observation: Observation | None = None


class Journal(Protocol):
    """Remembers messages until they are answered and writes for good. Every method is atomic."""

    durable: bool
    """Whether it outlasts the process."""

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """Keep `messages` until `answered`; returns those before them that a turn cut short has left unanswered."""

    def answered(self, conversation: str) -> None:
        """A turn of the conversation has ended and is in its checkpoints: forget what it received."""

    def begin(self, write: Write) -> Write | None:
        """Note that a write begins; the row that is there already, if one with this key, or withdrawn call, is."""

    def finish(self, key: str, observation: Observation | None) -> None:
        """Note what the write observed; None: it did not happen, and may be begun again."""

    def withdraw(self, conversation: str, call_id: str) -> None:
        """Note that this call must never run: the customer wrote something else before it did."""

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """The rows of these calls, by call id."""


class MemoryJournal:
    """A journal that lasts as long as the process."""

    durable = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes: dict[str, Write] = {}
        self._received: dict[str, list[AnyMessage]] = {}

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """See `Journal`."""
        with self._lock:
            earlier = self._received.get(conversation, [])
            self._received[conversation] = [*earlier, *messages]
            return list(earlier)

    def answered(self, conversation: str) -> None:
        """See `Journal`."""
        with self._lock:
            self._received.pop(conversation, None)

    def begin(self, write: Write) -> Write | None:
        """See `Journal`."""
        with self._lock:
            withdrawn = self._writes.get(_withdrawal(write.conversation, write.call_id))
            there = withdrawn or self._writes.get(write.key)
            if there is None:
                self._writes[write.key] = write
            return there

    def finish(self, key: str, observation: Observation | None) -> None:
        """See `Journal`."""
        with self._lock:
            write = self._writes.pop(key)
            if observation is not None:
                self._writes[key] = Write(key, write.conversation, write.call_id, "done", observation)

    def withdraw(self, conversation: str, call_id: str) -> None:
        """See `Journal`."""
        key = _withdrawal(conversation, call_id)
        with self._lock:
            self._writes[key] = Write(key, conversation, call_id, "withdrawn")

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """See `Journal`."""
        with self._lock:
            found = [w for w in self._writes.values() if w.conversation == conversation and w.call_id in call_ids]
        return {write.call_id: write for write in found}


_TABLES = (
    "CREATE TABLE IF NOT EXISTS agent_writes (key TEXT PRIMARY KEY, conversation TEXT NOT NULL, call_id TEXT NOT NULL,"
    " status TEXT NOT NULL, observation TEXT)",
    "CREATE INDEX IF NOT EXISTS agent_writes_of_calls ON agent_writes (conversation, call_id)",
    "CREATE TABLE IF NOT EXISTS agent_received (conversation TEXT NOT NULL, place INTEGER NOT NULL,"
    " message TEXT NOT NULL, PRIMARY KEY (conversation, place))",
)
_COLUMNS = "key, conversation, call_id, status, observation"


class SqlJournal:
    """A journal in the database of the checkpoints, SQLite or PostgreSQL, through one function that runs statements."""

    durable = True

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ready = False
        self._preparing = threading.Lock()

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """See `Journal`."""
        select = "SELECT place, message FROM agent_received WHERE conversation = ? ORDER BY place"
        (rows,) = self._all((select, (conversation,)))
        first = int(rows[-1][0]) + 1 if rows else 0
        stored = [json.dumps(each) for each in messages_to_dict(messages)]
        if stored:
            insert = "INSERT INTO agent_received VALUES (?, ?, ?)"
            self._all(*((insert, (conversation, place, each)) for place, each in enumerate(stored, first)))
        return messages_from_dict([json.loads(row[1]) for row in rows])  # type: ignore[return-value]

    def answered(self, conversation: str) -> None:
        """See `Journal`."""
        self._all(("DELETE FROM agent_received WHERE conversation = ?", (conversation,)))

    def begin(self, write: Write) -> Write | None:
        """See `Journal`."""
        withdrawn = _withdrawal(write.conversation, write.call_id)
        insert = (
            "INSERT INTO agent_writes (key, conversation, call_id, status) SELECT ?, ?, ?, 'begun' WHERE NOT EXISTS"
            " (SELECT 1 FROM agent_writes WHERE key = ?) ON CONFLICT (key) DO NOTHING RETURNING key"
        )
        select = f"SELECT {_COLUMNS} FROM agent_writes WHERE key IN (?, ?) ORDER BY status DESC"  # noqa: S608
        begun, found = self._all(
            (insert, (write.key, write.conversation, write.call_id, withdrawn)),
            (select, (write.key, withdrawn)),
        )
        return None if begun else _write_of(found[0])

    def finish(self, key: str, observation: Observation | None) -> None:
        """See `Journal`."""
        if observation is None:
            self._all(("DELETE FROM agent_writes WHERE key = ?", (key,)))
            return
        stored = json.dumps(asdict(observation), default=str)
        self._all(("UPDATE agent_writes SET status = 'done', observation = ? WHERE key = ?", (stored, key)))

    def withdraw(self, conversation: str, call_id: str) -> None:
        """See `Journal`."""
        insert = (
            "INSERT INTO agent_writes (key, conversation, call_id, status) VALUES (?, ?, ?, 'withdrawn')"
            " ON CONFLICT (key) DO NOTHING"
        )
        self._all((insert, (_withdrawal(conversation, call_id), conversation, call_id)))

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """See `Journal`."""
        marks = ", ".join("?" * len(call_ids))
        select = f"SELECT {_COLUMNS} FROM agent_writes WHERE conversation = ? AND call_id IN ({marks})"  # noqa: S608
        (rows,) = self._all((select, (conversation, *call_ids)))
        return {write.call_id: write for write in map(_write_of, rows)}

    def _all(self, *statements: tuple[str, tuple[Any, ...]]) -> list[Rows]:
        if not self._ready:
            with self._preparing:
                if not self._ready:
                    self._run([(table, ()) for table in _TABLES])
                    self._ready = True
        return self._run(statements)


_volatile: WeakKeyDictionary[Any, MemoryJournal] = WeakKeyDictionary()
"""The journals of checkpointers that keep nothing themselves: agents that share the one share the other."""


def journal_for(checkpointer: Any) -> Journal:
    """The journal that lasts as long as the checkpoints of `checkpointer`.

    LangGraph's SQLite and PostgreSQL savers, sync and async, get one in their own database; any other checkpointer one
    in memory, which `create_agent` refuses for an agent that writes.
    """
    own: Journal | None = getattr(checkpointer, "journal", None)
    if own is not None:
        return own
    run = run_for(checkpointer)
    if run is not None:
        return SqlJournal(run)
    if checkpointer in (None, True, False):
        return MemoryJournal()
    return _volatile.setdefault(checkpointer, MemoryJournal())


def _withdrawal(conversation: str, call_id: str) -> str:
    return f"withdrawn {conversation} {call_id}"


def _write_of(row: Sequence[Any]) -> Write:
    key, conversation, call_id, status, stored = row
    return Write(key, conversation, call_id, status, _observation(json.loads(stored)) if stored else None)


def _observation(stored: Mapping[str, Any]) -> Observation:
    citations = tuple(Citation(**citation) for citation in stored["citations"])
    return Observation(**{**stored, "citations": citations})
