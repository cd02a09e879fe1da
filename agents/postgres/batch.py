"""What a turn writes to the tables of LangGraph's saver, kept back until something depends on it.

A turn puts a checkpoint and its writes at every step, some twenty rows; one by one they cost a round trip each. Here
they wait in the order in which they came and are written in one statement.
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

    def write(self, connection: Connection[Any], then: str = "SELECT 1", values: Row = ()) -> None:
        """Insert every row and do what comes `then`, in one statement, so that either all of it holds or nothing."""
        parts, given = [], list[Any]()
        for number, (sql, rows) in enumerate(self._rows.items()):
            if rows:
                parts.append(f"put_{number} AS ({_many(sql, len(rows))})")
                given += [value for row in rows for value in row]
        whole = f"WITH {', '.join(parts)} {then}" if parts else then
        connection.execute(whole.encode(), [*given, *values])


def _many(sql: str, rows: int) -> str:
    return _VALUES.sub(lambda found: "VALUES " + ", ".join([found[1]] * rows), sql.strip().rstrip(";"), count=1)
