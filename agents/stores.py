"""What an agent keeps beside a LangGraph checkpointer: the journal in its database, the locks beside its file.

LangGraph's own savers, SQLite and PostgreSQL, sync and async, are reached through one function that runs SQL
(`run_for`). A checkpointer of another kind can bring its own, as attributes `journal` and `locks`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, finalize, ref

from langchain_core.messages import AnyMessage, messages_from_dict, messages_to_dict

from shopbot.agents.journal import Journal, MemoryJournal, Write, observation_of, withdrawal
from shopbot.agents.turn_locks import TurnLocks
from shopbot.encryption import PLAIN, Seal
from shopbot.errors import AgentError
from shopbot.tools.action import Observation

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore

Rows = list[tuple[Any, ...]]
Run = Callable[[Sequence[tuple[str, tuple[Any, ...]]]], list[Rows]]
"""Runs statements (with `?` for parameters) one after the other in one transaction; the rows of each."""
TABLES = (
    "CREATE TABLE IF NOT EXISTS agent_writes (key TEXT PRIMARY KEY, conversation TEXT NOT NULL, call_id TEXT NOT NULL,"
    " status TEXT NOT NULL, observation TEXT)",
    "CREATE INDEX IF NOT EXISTS agent_writes_of_calls ON agent_writes (conversation, call_id)",
    "CREATE TABLE IF NOT EXISTS agent_received (conversation TEXT NOT NULL, place INTEGER NOT NULL,"
    " message TEXT NOT NULL, PRIMARY KEY (conversation, place))",
)
_COLUMNS = "key, conversation, call_id, status, observation"
_volatile: WeakKeyDictionary[Any, MemoryJournal] = WeakKeyDictionary()
"""The journals of checkpointers that keep nothing themselves: agents that share the one share the other."""
_locks: WeakKeyDictionary[Any, TurnLocks] = WeakKeyDictionary()


class WrongLoopError(AgentError):
    """An agent with an async saver was called without `await` on the saver's event loop, which would stand still."""


class SqlJournal:
    """A journal in the database of the checkpoints, SQLite or PostgreSQL, through one function that runs statements."""

    durable = True

    def __init__(self, run: Run, seal: Seal = PLAIN) -> None:
        self._run = run
        self._seal = seal
        self._ready = False
        self._preparing = threading.Lock()

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """See `Journal`."""
        select = "SELECT place, message FROM agent_received WHERE conversation = ? ORDER BY place"
        (rows,) = self._all((select, (conversation,)))
        first = int(rows[-1][0]) + 1 if rows else 0
        stored = [self._seal.text(json.dumps(each)) for each in messages_to_dict(messages)]
        if stored:
            insert = "INSERT INTO agent_received (conversation, place, message) VALUES (?, ?, ?)"
            self._all(*((insert, (conversation, place, each)) for place, each in enumerate(stored, first)))
        return messages_from_dict([json.loads(self._seal.plain(row[1])) for row in rows])  # type: ignore[return-value]

    def answered(self, conversation: str) -> None:
        """See `Journal`."""
        self._all(("DELETE FROM agent_received WHERE conversation = ?", (conversation,)))

    def begin(self, write: Write) -> Write | None:
        """See `Journal`."""
        withdrawn = withdrawal(write.conversation, write.call_id)
        insert = (
            "INSERT INTO agent_writes (key, conversation, call_id, status) SELECT ?, ?, ?, 'begun' WHERE NOT EXISTS"
            " (SELECT 1 FROM agent_writes WHERE key = ?) ON CONFLICT (key) DO NOTHING RETURNING key"
        )
        select = f"SELECT {_COLUMNS} FROM agent_writes WHERE key IN (?, ?) ORDER BY status DESC"  # noqa: S608
        begun, found = self._all(
            (insert, (write.key, write.conversation, write.call_id, withdrawn)),
            (select, (write.key, withdrawn)),
        )
        return None if begun else self._write_of(found[0])

    def finish(self, key: str, observation: Observation | None) -> None:
        """See `Journal`."""
        if observation is None:
            self._all(("DELETE FROM agent_writes WHERE key = ?", (key,)))
            return
        stored = self._seal.text(json.dumps(asdict(observation), default=str))
        self._all(("UPDATE agent_writes SET status = 'done', observation = ? WHERE key = ?", (stored, key)))

    def withdraw(self, conversation: str, call_id: str) -> None:
        """See `Journal`."""
        insert = (
            "INSERT INTO agent_writes (key, conversation, call_id, status) VALUES (?, ?, ?, 'withdrawn')"
            " ON CONFLICT (key) DO NOTHING"
        )
        self._all((insert, (withdrawal(conversation, call_id), conversation, call_id)))

    def of_calls(self, conversation: str, call_ids: Sequence[str]) -> dict[str, Write]:
        """See `Journal`."""
        marks = ", ".join("?" * len(call_ids))
        select = (
            f"SELECT {_COLUMNS} FROM agent_writes WHERE conversation = ? AND call_id IN ({marks}) ORDER BY status DESC"  # noqa: S608
        )
        (rows,) = self._all((select, (conversation, *call_ids)))
        return {write.call_id: write for write in map(self._write_of, rows)}

    def _write_of(self, row: Sequence[Any]) -> Write:
        key, conversation, call_id, status, stored = row
        observation = observation_of(json.loads(self._seal.plain(stored))) if stored else None
        return Write(key, conversation, call_id, status, observation)

    def _all(self, *statements: tuple[str, tuple[Any, ...]]) -> list[Rows]:
        if not self._ready:
            with self._preparing:
                if not self._ready:
                    self._run([(table, ()) for table in TABLES])
                    self._ready = True
        return self._run(statements)


def journal_for(checkpointer: Any, store: BaseStore | None = None) -> Journal:
    """The journal that lasts as long as the checkpoints of `checkpointer`.

    LangGraph's SQLite and PostgreSQL savers, sync and async, get one in their own database; any other checkpointer one
    in `store`, or else in memory, which `create_agent` refuses for an agent that writes.
    """
    own: Journal | None = getattr(checkpointer, "journal", None)
    if own is not None:
        return own
    run = run_for(checkpointer)
    if run is not None:
        return SqlJournal(run)
    if store is not None:
        from shopbot.agents.store_journal import StoreJournal

        return StoreJournal(store)
    if checkpointer in (None, True, False):
        return MemoryJournal()
    return _volatile.setdefault(checkpointer, MemoryJournal())


def locks_for(checkpointer: Any) -> TurnLocks:
    """The locks of the conversations that `checkpointer` keeps; one that knows its own has an attribute `locks`."""
    own: TurnLocks | None = getattr(checkpointer, "locks", None)
    if own is not None:
        return own
    if checkpointer in (None, True, False):
        return TurnLocks()
    if checkpointer not in _locks:
        locks = _locks[checkpointer] = TurnLocks(_lock_file_of(ref(checkpointer)))
        finalize(checkpointer, locks.close)
    return _locks[checkpointer]


def run_for(checkpointer: Any) -> Run | None:
    """The function for LangGraph's own SQLite and PostgreSQL savers, sync and async; None for any other checkpointer.

    That of an async saver must not be called on the saver's event loop: it waits for it.
    """
    kinds = {(cls.__module__.partition(".aio")[0], cls.__name__) for cls in type(checkpointer).__mro__}
    if ("langgraph.checkpoint.sqlite", "SqliteSaver") in kinds:
        return lambda statements: _sqlite(checkpointer, statements)
    if ("langgraph.checkpoint.sqlite", "AsyncSqliteSaver") in kinds:
        return lambda statements: _wait(checkpointer, _async_sqlite(checkpointer, statements))
    if ("langgraph.checkpoint.postgres", "PostgresSaver") in kinds:
        return lambda statements: _postgres(checkpointer, statements)
    if ("langgraph.checkpoint.postgres", "AsyncPostgresSaver") in kinds:
        return lambda statements: _wait(checkpointer, _async_postgres(checkpointer, statements))
    return None


def _lock_file_of(checkpointer: ref[Any]) -> Callable[[], Path | None]:
    """Finds the lock file of a checkpointer: beside its SQLite file, if it has one."""

    def find() -> Path | None:
        file = _file_of(checkpointer())
        return file.with_name(file.name + "-turns") if file else None

    return find


def _file_of(checkpointer: Any) -> Path | None:
    """The SQLite file that a checkpointer keeps its checkpoints in; None for any other, and for one in memory."""
    is_sqlite = any(cls.__module__.startswith("langgraph.checkpoint.sqlite") for cls in type(checkpointer).__mro__)
    run = run_for(checkpointer) if is_sqlite else None
    if run is None:
        return None
    ((_, _, name), *_) = run([("PRAGMA database_list", ())])[0]
    return Path(name) if name else None


def _sqlite(saver: Any, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Rows]:
    with saver.lock, saver.conn:
        return [saver.conn.execute(sql, parameters).fetchall() for sql, parameters in statements]


async def _async_sqlite(saver: Any, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Rows]:
    found = []
    async with saver.lock:
        for sql, parameters in statements:
            async with saver.conn.execute(sql, parameters) as cursor:
                found.append([tuple(row) for row in await cursor.fetchall()])
        await saver.conn.commit()
    return found


def _postgres(saver: Any, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Rows]:
    with saver._cursor() as cursor, cursor.connection.transaction():
        found = []
        for sql, parameters in statements:
            cursor.execute(sql.replace("?", "%s"), parameters)
            found.append([tuple(row.values()) for row in cursor.fetchall()] if cursor.description else [])
        return found


async def _async_postgres(saver: Any, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Rows]:
    async with saver._cursor() as cursor, cursor.connection.transaction():
        found = []
        for sql, parameters in statements:
            await cursor.execute(sql.replace("?", "%s"), parameters)
            found.append([tuple(row.values()) for row in await cursor.fetchall()] if cursor.description else [])
        return found


def _wait(saver: Any, coroutine: Coroutine[Any, Any, list[Rows]]) -> list[Rows]:
    if _is_on_loop(saver.loop):
        coroutine.close()
        raise WrongLoopError(
            f"{type(saver).__name__} cannot be waited for on its own event loop: use ainvoke and astream there, or "
            "call invoke from another thread."
        )
    return asyncio.run_coroutine_threadsafe(coroutine, saver.loop).result()


def _is_on_loop(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this runs on that event loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
