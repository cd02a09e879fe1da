"""One function that runs SQL where a LangGraph checkpointer keeps its checkpoints, whichever of its savers that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

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
    return asyncio.run_coroutine_threadsafe(coroutine, saver.loop).result()
