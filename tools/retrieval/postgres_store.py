"""Rows in PostgreSQL with the pgvector extension: a table a collection, with an HNSW index and one over the metadata.

A table's name is a hash of tenant and collection, so that no name can be more than a name. Locks, listing and deletion
of collections are in `postgres_collections`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Executable,
    Float,
    MetaData,
    Table,
    Text,
    case,
    cast,
    delete,
    event,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import UserDefinedType

from shopbot.tools.retrieval.filters import Condition, Conditions, heading_fields
from shopbot.tools.retrieval.postgres_collections import (
    SCHEMA,
    collections_table,
    create,
    engine_of,
    reaching,
    table_name,
)
from shopbot.tools.retrieval.vector_store import EF_SEARCH, StoredRow, probe

PAGE = 2_000
_COMPARED = {"$gt": "__gt__", "$gte": "__ge__", "$lt": "__lt__", "$lte": "__le__"}


class _Vector(UserDefinedType[NDArray[np.float32]]):
    """pgvector's type, sent and read as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "vector"

    def bind_processor(self, dialect: Any) -> Any:
        return lambda vector: "[" + ",".join(f"{value:.9g}" for value in vector.tolist()) + "]"

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return lambda said: None if said is None else np.array(json.loads(said), dtype=np.float32)


class PostgresRows:
    """The rows of one collection.

    Args:
        url: of the database, as SQLAlchemy writes it.
        tenant: whose collection it is; "" is the shop's own.
        name: of the collection.
        dimensions: length of a vector.

    Raises:
        RetrievalError: the database cannot be reached or has no pgvector.
    """

    def __init__(self, url: str, tenant: str, name: str, dimensions: int) -> None:
        columns = (Column("id", Text), Column("text", Text), Column("meta", JSONB), Column("vector", _Vector))
        self._table = Table(table_name(tenant, name), MetaData(schema=SCHEMA), *columns)
        self._listed = (collections_table.c.tenant == tenant) & (collections_table.c.name == name)
        self._engine = _searching(engine_of(url))
        with reaching(url):
            create(self._engine, tenant, name, dimensions)

    def version(self) -> str:
        """The mark of the last finished writing; empty also when the collection was dropped meanwhile."""
        found = self._all(select(collections_table.c.version).where(self._listed))
        return str(found[0][0]) if found else ""

    def mark(self, version: str) -> None:
        """Set the mark."""
        self._run(update(collections_table).where(self._listed).values(version=version))

    def upsert(self, rows: Sequence[StoredRow]) -> None:
        """Write rows, replacing those with the same ids."""
        given = [
            {"id": row.id, "text": _kept(row.text), "meta": _meta(row), "vector": row.vector}
            for row in rows
        ]  # fmt: skip
        statement = insert(self._table)
        new = {name: statement.excluded[name] for name in ("text", "meta", "vector")}
        self._run(statement.on_conflict_do_update(index_elements=["id"], set_=new), given)

    def annotate(self, rows: Sequence[StoredRow]) -> None:
        """Replace the metadata of rows."""
        with self._engine.begin() as connection:
            for row in rows:
                connection.execute(update(self._table).where(self._table.c.id == row.id).values(meta=_meta(row)))

    def delete(self, ids: Sequence[str]) -> None:
        """Drop rows."""
        for start in range(0, len(ids), PAGE):
            self._run(delete(self._table).where(self._table.c.id.in_(ids[start : start + PAGE])))

    def nearest(self, vector: NDArray[np.float32], k: int, where: Conditions = ()) -> list[tuple[str, float]]:
        """The ids of the nearest rows with their cosines, best first."""
        distance = self._table.c.vector.op("<=>", return_type=Float())(cast(vector, _Vector)).label("distance")
        found = select(self._table.c.id, distance).where(*self._met(where)).order_by(distance).limit(k)
        return [(row, 1 - float(far)) for row, far in self._all(found)]

    def get(self, ids: Sequence[str]) -> list[StoredRow]:
        """Text and metadata of rows."""
        table = self._table.c
        found = self._all(select(table.id, table.text, table.meta).where(table.id.in_(ids)))
        return [StoredRow(*row) for row in found]

    def ids(self, where: Conditions = (), limit: int | None = None) -> list[str]:
        """The ids of the rows that meet all conditions."""
        return [row for (row,) in self._all(select(self._table.c.id).where(*self._met(where)).limit(limit))]

    def scan(self, *, texts: bool = False, metas: bool = False, vectors: bool = False) -> Iterator[StoredRow]:
        """Every row in the order of the ids, a page at a time."""
        table = self._table.c
        wanted = [(table.text, texts), (table.meta, metas), (table.vector, vectors)]
        columns = [column if asked else null() for column, asked in wanted]
        page, after = select(table.id, *columns).order_by(table.id).limit(PAGE), ""
        while found := self._all(page.where(table.id > after)):
            for row, said, meta, vector in found:
                yield StoredRow(row, said or "", meta or {}, vector)
            after = found[-1][0]

    def count(self) -> int:
        """How many rows there are."""
        return int(self._all(select(func.count(type_=BigInteger)).select_from(self._table))[0][0])

    def check(self) -> None:
        """Fail, with whatever error comes, if rows or vectors cannot be read back."""
        probe(self)

    def renew(self) -> None:
        """Nothing to do: every statement sees what was written before it."""

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _met(self, where: Conditions) -> list[ColumnElement[bool]]:
        return [_clause(self._table.c.meta, condition) for condition in where]

    def _all(self, statement: Executable) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(statement).fetchall()

    def _run(self, statement: Executable, parameters: list[dict[str, Any]] | None = None) -> None:
        with self._engine.begin() as connection:
            connection.execute(statement, parameters)


def _searching(engine: Engine) -> Engine:
    """`engine` with sessions that search the index as carefully as the other stores do."""

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
            # With a filter the index is read on until enough rows have met it; older versions ignore the setting.
            cursor.execute("SET hnsw.iterative_scan = strict_order")
        connection.commit()

    return engine


def _clause(meta: Column[Any], condition: Condition) -> ColumnElement[bool]:
    values = condition.values
    if condition.operator in _COMPARED:
        # In a CASE, because AND may be evaluated in any order and text is no number.
        number = cast(meta[condition.field].astext, Float)
        compared = getattr(number, _COMPARED[condition.operator])(values[0])
        return case((func.jsonb_typeof(meta[condition.field]) == "number", compared), else_=False)
    fields = heading_fields(str(values[0])) if condition.operator == "$prefix" else (condition.field,)
    held = or_(*(meta.contains({field: value}) for field in fields for value in values))
    return ~held if condition.operator in ("$ne", "$nin") else held


def _meta(row: StoredRow) -> Mapping[str, Any]:
    return {name: _kept(value) if isinstance(value, str) else value for name, value in row.meta.items()}


def _kept(text: str) -> str:
    return text.replace("\x00", " ")  # PostgreSQL's text holds everything but NUL
