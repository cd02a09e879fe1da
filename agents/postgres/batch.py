"""What a turn writes to the tables of LangGraph's saver, kept back until something depends on it.

A turn puts a checkpoint and its writes at every step, some twenty rows; one by one they cost a round trip each. Here
they wait in the order in which they came and are written in one transaction, one statement a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection

Row = Sequence[Any]
_VALUES = re.compile(r"VALUES\s*(\([%s,\s]*\))")


class Batch:
    """Rows to insert, by statement. Takes the place of the cursor that LangGraph's saver writes with."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def extend(self, other: Batch) -> None:
        """Take the rows of another batch too."""
        for sql, rows in other._rows.items():
            self.executemany(sql, rows)

    def execute(self, sql: str, row: Row) -> None:
        """As a cursor's."""
        self._rows.setdefault(sql, []).append(row)

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """As a cursor's."""
        self._rows.setdefault(sql, []).extend(rows)

    def write(self, connection: Connection[Any]) -> None:
        """Insert every row, in the transaction of the connection."""
        for sql, rows in self._rows.items():
            if rows:
                many = _VALUES.sub(lambda found: "VALUES " + ", ".join([found[1]] * len(rows)), sql, count=1)  # noqa: B023
                connection.execute(many.encode(), [value for row in rows for value in row])
