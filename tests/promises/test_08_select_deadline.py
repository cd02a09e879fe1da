"""No SELECT that may run takes much longer than its limit, whatever it is made of."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from shopbot.shop.database import QueryRefused, open_database, open_read_only, run_select
from shopbot.shop.demo.seed import build_demo

LONGEST_S = 3.0
MARIA = 1
_TEXTS = ["s", "name", "note", "'a'", "'" + "ab" * 400 + "'", "status"]
_ONE = [
    "lower",
    "upper",
    "trim",
    "length",
    "abs",
    "date",
    "datetime",
    "julianday",
    "time",
    "min",
    "max",
    "count",
    "sum",
]
_PATTERNS = ["'" + "%a" * 40 + "b'", "'" + "%_a" * 30 + "b'", "s", "s || '%b'"]


expressions = st.recursive(
    st.sampled_from(_TEXTS),
    lambda inner: st.one_of(
        st.builds("{}({})".format, st.sampled_from(_ONE), inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("trim({}, {})".format, inner, st.one_of(inner, st.just("'ab'"))),
        st.builds("substr({}, {}, {})".format, inner, st.integers(-9000, 9000), st.integers(0, 10_000)),
        st.builds("({} LIKE {})".format, inner, st.sampled_from(_PATTERNS)),
        st.builds("coalesce({}, {}, {})".format, inner, inner, inner),
        st.builds("strftime({}, 'now')".format, st.one_of(inner, st.just("'" + "%J%f" * 300 + "'"))),
        st.builds("CASE WHEN {} = {} THEN {} ELSE {} END".format, inner, inner, inner, inner),
        st.builds("round(length({}), {})".format, inner, st.integers(0, 10**9)),
        st.builds("replace({}, 'a', {})".format, inner, inner),
        st.builds("printf('%*d', {}, 1)".format, st.integers(0, 10**9)),
        st.builds("group_concat({})".format, inner),
        st.builds("({} IN (SELECT {} FROM orders))".format, inner, inner),
    ),
    max_leaves=12,
)


@st.composite
def statements(draw: st.DrawFn) -> str:
    """A SELECT over texts that double at every level, over rows that multiply with every join."""
    source = "(SELECT '" + draw(st.sampled_from(["a", "ab", " "])) * draw(st.integers(1, 1200)) + "' AS s) t"
    for level in range(draw(st.integers(0, 9))):
        source = f"(SELECT s || s AS s FROM {source}) t{level}"
    joins = ", ".join(f"{table} x{place}" for place, table in enumerate(draw(st.lists(_tables, max_size=8))))
    rows = f"{source}, order_items i, orders o" + (f", {joins}" if joins else "")
    columns = ", ".join(draw(st.lists(expressions, min_size=1, max_size=4)))
    ending = draw(st.sampled_from(["", " ORDER BY 1", " GROUP BY 1", " HAVING count(*) > 1"]))
    return f"SELECT {draw(st.sampled_from(['', 'DISTINCT ']))}{columns} FROM {rows}{ending}"


_tables = st.sampled_from(["orders", "order_items", "returns", "customers"])


@st.composite
def chains(draw: st.DrawFn) -> str:
    """Named queries that each use the one before several times."""
    step = draw(
        st.sampled_from(
            [
                "SELECT x FROM a{0} UNION ALL SELECT x FROM a{0}",
                "SELECT p.x FROM a{0} p, a{0} q",
                "SELECT (SELECT max(x) FROM a{0}) || (SELECT min(x) FROM a{0}) AS x",
                "SELECT x FROM a{0} WHERE x IN (SELECT x FROM a{0})",
                "SELECT x FROM a{0} INTERSECT SELECT x FROM a{0}",
            ]
        )
    )
    length = draw(st.integers(1, 60))
    queries = [f"a{number} AS ({step.format(number - 1)})" for number in range(1, length)]
    return (
        f"WITH {', '.join(['a0 AS (SELECT name AS x FROM order_items)', *queries])} SELECT count(*) FROM a{length - 1}"
    )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}"
    database = open_database(url)
    build_demo(database, datetime.now(UTC))
    opened = open_read_only(url)
    yield opened
    opened.dispose()
    database.dispose()


def seconds_of(reader: Engine, sql: str) -> float:
    """CPU seconds of this process, in which SQLite runs."""
    started = time.process_time()
    with contextlib.suppress(QueryRefused):
        run_select(reader, sql, MARIA, timeout_s=0.2)
    return time.process_time() - started


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(statements())
def test_no_expression_takes_longer(reader: Engine, sql: str) -> None:
    assert seconds_of(reader, sql) < LONGEST_S


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(chains())
def test_no_chain_of_named_queries_takes_longer(reader: Engine, sql: str) -> None:
    assert seconds_of(reader, sql) < LONGEST_S


@pytest.mark.parametrize("statement", ["trim(s, s)", "trim(s, 'ab')", "trim(s || 'b', s || 'a')"])
def test_trimming_doubled_texts_ends(reader: Engine, statement: str) -> None:
    source = "(SELECT '" + "ab" * 700 + "' AS s) t"
    for level in range(8):
        source = f"(SELECT s || s AS s FROM {source}) t{level}"
    assert seconds_of(reader, f"SELECT length({statement}) FROM {source}") < LONGEST_S


def test_memory_stays_where_it_is(reader: Engine) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    queries = ", ".join(f"a{n} AS (SELECT x FROM a{n - 1} UNION ALL SELECT x FROM a{n - 1})" for n in range(1, 40))
    seconds_of(reader, f"WITH a0 AS (SELECT 1 AS x), {queries} SELECT count(*) FROM a39")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_plain_trimming_still_works(reader: Engine) -> None:
    assert run_select(reader, "SELECT trim('  a '), trim('xax', 'x')", MARIA).rows == (("a", "a"),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM orders a, orders b, order_items c, order_items d, order_items e, "
        "order_items f, order_items g, order_items h, order_items i"
    ],
)
def test_postgresql_has_its_own_deadline(fresh_postgres_url: str, data_folder: Path, sql: str) -> None:
    database = open_database(fresh_postgres_url)
    build_demo(database, datetime.now(UTC))
    opened = open_read_only(fresh_postgres_url)
    with pytest.raises(QueryRefused, match=r"longer than 0\.1 s"):
        run_select(opened, sql, MARIA, timeout_s=0.1)
    opened.dispose()
    database.dispose()
