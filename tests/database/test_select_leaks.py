"""No statement shows another customer's rows: not by injection, not by an error, not by a clever shape."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from two_customers import ADA, SECRET, TwoCustomers

from shopbot.shop.database import QueryRefused, run_select
from shopbot.shop.database.own_rows import COLUMNS, TABLES

SHAPES = [
    "SELECT * FROM {table} WHERE 1 = 1 OR 1 = 1",
    "SELECT * FROM {table} UNION ALL SELECT * FROM {table}",
    "SELECT * FROM (SELECT * FROM {table}) x",
    "WITH x AS (SELECT * FROM {table}) SELECT * FROM x",
    "WITH x AS (SELECT 1 AS one) SELECT * FROM (WITH y AS (SELECT * FROM {table}) SELECT * FROM y) z, x",
    "SELECT x.* FROM {table} x LEFT JOIN {table} y ON 1 = 1",
    "SELECT * FROM customers c WHERE EXISTS (SELECT 1 FROM {table} x WHERE 1 = 1 OR c.id = 2)",
    "SELECT * FROM {table} WHERE CAST(customer_id AS TEXT) = '2'",
]
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        "SELECT FROM WHERE UNION ALL WITH AS ( ) , * . = 'x' '2' 1 2 OR AND NOT IN EXISTS JOIN LEFT ON USING x y "
        "orders customers order_items note name customer_id order_number id lower( max( count(*) CASE WHEN THEN END "
        "GROUP BY ORDER LIMIT || < > - :: text int NULL IS LIKE '%' \" ; -- /* */ ` [ ] $$ : ? @ %",
    )
)


def leaks(shop: TwoCustomers, sql: str) -> bool:
    """Whether the answer or the refusal shows something of the second customer."""
    try:
        found = run_select(shop.reader, sql, ADA, timeout_s=5)
    except QueryRefused as refusal:
        return SECRET in str(refusal).replace(sql, "")
    return SECRET in str(found.rows)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("table", TABLES)
def test_every_shape_of_query_sees_own_rows_only(two_customers: TwoCustomers, table: str, shape: str) -> None:
    assert not leaks(two_customers, shape.format(table=table))


@pytest.mark.parametrize("table", TABLES)
def test_every_table_shows_its_owner_the_rows(two_customers: TwoCustomers, table: str) -> None:
    found = run_select(two_customers.reader, f"SELECT * FROM {table}", ADA)
    assert found.columns == COLUMNS[table]
    assert len(found.rows) == (1 if table == "customers" else 2)


def test_a_very_deep_expression_is_answered_or_refused(two_customers: TwoCustomers) -> None:
    assert not leaks(two_customers, f"SELECT {'+'.join('1' * 1500)}")


def test_an_unknown_customer_sees_nothing(two_customers: TwoCustomers) -> None:
    assert run_select(two_customers.reader, "SELECT * FROM orders", 999).rows == ()


@pytest.mark.parametrize("condition", ["CAST(note AS INTEGER) = 1", "1 / (length(note) - 8) = 7"])
def test_an_error_cannot_be_provoked_by_a_row_of_somebody_else(two_customers: TwoCustomers, condition: str) -> None:
    """`length(note) - 8` is zero for the second customer alone; the cast fails first on whoever is read first."""
    assert not leaks(two_customers, f"SELECT count(*) FROM orders WHERE {condition}")
    if condition.startswith("1 /"):
        assert run_select(two_customers.reader, f"SELECT count(*) FROM orders WHERE {condition}", ADA).rows == ((0,),)


def test_no_public_injection_payload_shows_a_foreign_row(two_customers: TwoCustomers, external_data: Path) -> None:
    payloads = _payloads(external_data / "attacks" / "payloads_all_the_things" / "sqli")
    assert len(payloads) > 1000
    template = "SELECT * FROM orders WHERE order_number = '{}'"
    assert [payload for payload in payloads if leaks(two_customers, template.format(payload))] == []


def test_the_same_payloads_do_show_foreign_rows_without_the_fence(
    two_customers: TwoCustomers, external_data: Path
) -> None:
    shown = 0
    for payload in _payloads(external_data / "attacks" / "payloads_all_the_things" / "sqli"):
        with two_customers.reader.connect() as connection, suppress(Exception):
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 100")
            found = connection.exec_driver_sql(f"SELECT * FROM orders WHERE order_number = '{payload}'")
            shown += SECRET in str(found.fetchmany(50))
    assert shown > 10


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, max_size=14))
def test_any_mixture_of_sql_words_is_answered_or_refused(two_customers: TwoCustomers, words: list[str]) -> None:
    assert not leaks(two_customers, "SELECT " + " ".join(words))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text_is_refused_or_answered(two_customers: TwoCustomers, text: str) -> None:
    assert not leaks(two_customers, text)
    assert not leaks(two_customers, f"SELECT * FROM orders WHERE note = '{text}'")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        st.characters(min_codepoint=32, exclude_characters="'\x7f", exclude_categories=["Cs", "Cc"]), max_size=60
    )
)
def test_a_quoted_text_comes_back_as_it_was_written(two_customers: TwoCustomers, text: str) -> None:
    assert run_select(two_customers.reader, f"SELECT '{text}'", ADA).rows == ((text,),)


def _payloads(folder: Path) -> list[str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = {line for path in files for line in path.read_text(encoding="utf-8", errors="replace").splitlines()}
    return sorted(line for line in lines if line.strip())
