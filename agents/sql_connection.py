"""One function that runs SQL where a LangGraph checkpointer keeps its checkpoints, whichever of its savers that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from shopbot.errors import AgentError


class WrongLoopError(AgentError):
    """An agent with an async saver was called without `await` on the saver's event loop, which would stand still."""


Rows = list[tuple[Any, ...]]
Run = Callable[[Sequence[tuple[str, tuple[Any, ...]]]], list[Rows]]
"""Runs statements (with `?` for parameters) one after the other in one transaction; the rows of each."""


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


def is_on_loop(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this runs on that event loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def file_of(checkpointer: Any) -> Path | None:
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
    if is_on_loop(saver.loop):
        coroutine.close()
        raise WrongLoopError(
            f"{type(saver).__name__} cannot be waited for on its own event loop: use ainvoke and astream there, or "
            "call invoke from another thread."
        )
    return asyncio.run_coroutine_threadsafe(coroutine, saver.loop).result()
