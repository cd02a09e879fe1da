"""The journal in PostgreSQL: a turn's checkpoints are on disk before anything is done, and when it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AnyMessage, messages_from_dict, messages_to_dict
from psycopg import Connection

from shopbot.agents.journal import Write
from shopbot.agents.postgres.worker import Worker
from shopbot.agents.stores import Rows, SqlJournal
from shopbot.encryption import PLAIN, Seal

WriteKept = Callable[..., None]
"""Writes what the turn of a conversation has kept back and, in the same statement, does what it is given."""
# One statement: what was received before, and what is received now behind it.
_RECEIVE = """
WITH earlier AS (SELECT place, message FROM agent_received WHERE conversation = %(conversation)s),
     kept AS (INSERT INTO agent_received (conversation, place, message)
              SELECT %(conversation)s, coalesce((SELECT max(place) FROM earlier), -1) + number, message
              FROM unnest(%(messages)s::text[]) WITH ORDINALITY AS came (message, number))
SELECT message FROM earlier ORDER BY place
"""


class PostgresJournal(SqlJournal):
    """See `shopbot.agents.journal.Journal`."""

    def __init__(self, worker: Worker, write_kept: WriteKept, seal: Seal = PLAIN) -> None:
        super().__init__(self._in_transaction, seal)
        self._ready = True
        self._worker = worker
        self._write_kept = write_kept

    def receive(self, conversation: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """See `Journal`."""
        stored = [self._seal.text(json.dumps(each)) for each in messages_to_dict(messages)]
        with self._worker.connection() as connection:
            found = connection.execute(_RECEIVE, {"conversation": conversation, "messages": stored}).fetchall()
        return messages_from_dict([json.loads(self._seal.plain(row["message"])) for row in found])  # type: ignore[return-value]

    def answered(self, conversation: str) -> None:
        """See `Journal`."""
        self._write_kept(conversation, "DELETE FROM agent_received WHERE conversation = %s", (conversation,))

    def begin(self, write: Write) -> Write | None:
        """See `Journal`."""
        self._write_kept(write.conversation)
        return super().begin(write)

    def _in_transaction(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Rows]:
        with self._worker.connection() as connection, connection.transaction():
            return [_rows(connection, sql, parameters) for sql, parameters in statements]


def _rows(connection: Connection[Any], sql: str, parameters: tuple[Any, ...]) -> Rows:
    cursor = connection.execute(sql.replace("?", "%s").encode(), parameters)
    return [tuple(row.values()) for row in cursor.fetchall()] if cursor.description else []
