"""Honest questions are answered from the customer's own rows; what is not one plain SELECT is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from two_customers import ADA, TwoCustomers

from shopbot.shop.database import QueryRefused, run_select
from shopbot.shop.database.models import Order

_TWENTY = " UNION ALL ".join(["SELECT 1 AS n"] * 20)
MILLIONS_OF_ROWS = f"SELECT count(*) FROM {', '.join(f'({_TWENTY}) x{number}' for number in range(6))}"

ANSWERS = [
    ("SELECT order_number FROM orders ORDER BY order_number", [("100001",), ("100002",)]),
    ("SELECT count(*) FROM orders;", [(2,)]),
    ("SELECT name, email FROM customers", [("ada", "ada@mail.example")]),
    ("SELECT sum(quantity * unit_price) AS total FROM order_items WHERE NOT final_sale", [(24362,)]),
    (
        "SELECT o.order_number, i.quantity FROM orders o JOIN order_items i USING (order_number)"
        " WHERE lower(i.name) LIKE 'a%' ORDER BY 1 DESC LIMIT 1",
        [("100002", 2)],
    ),
    ("SELECT status, count(*) AS n FROM orders GROUP BY status HAVING count(*) > 1", [("delivered", 2)]),
    ("WITH two AS (SELECT order_number AS o FROM orders) SELECT count(*) FROM two", [(2,)]),
    ("WITH t(o) AS (SELECT order_number FROM orders) SELECT max(o) FROM t", [("100002",)]),
    ("SELECT x.n FROM (SELECT count(*) AS n FROM returns) x", [(2,)]),
    ("SELECT order_number FROM orders UNION SELECT name FROM customers ORDER BY 1 DESC LIMIT 1", [("ada",)]),
    ("SELECT (SELECT count(*) FROM return_items r WHERE r.order_item_id = i.id) FROM order_items i LIMIT 1", [(1,)]),
    ("SELECT CASE WHEN delivered_at IS NULL THEN 'no' ELSE 'yes' END FROM orders LIMIT 1", [("no",)]),
    ("SELECT l.file FROM labels l JOIN returns r ON r.id = l.return_id WHERE r.id = 100", [("labels/ada.pdf",)]),
    (
        "SELECT 'it''s 100 % of %s, :customer_id, %(customer_id)s, ? and $1'",
        [("it's 100 % of %s, :customer_id, %(customer_id)s, ? and $1",)],
    ),
    (r"SELECT 'a\' || 'b'", [(r"a\b",)]),
]

REFUSED = [
    "",
    ";",
    "hello",
    "DROP TABLE orders",
    "DELETE FROM orders",
    "UPDATE orders SET status = 'x'",
    "INSERT INTO orders SELECT * FROM orders",
    "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
    "SELECT 1; DROP TABLE orders",
    "SELECT * INTO copy FROM orders",
    "SELECT * FROM orders FOR UPDATE",
    "PRAGMA table_info(orders)",
    "ATTACH 'x.db' AS x",
    "EXPLAIN SELECT 1",
    "VALUES (1)",
    "TABLE orders",
    "SELECT 1 -- remark",
    "SELECT /* remark */ 1",
    'SELECT * FROM "orders"',
    "SELECT * FROM main.orders",
    "SELECT * FROM public.orders",
    "SELECT * FROM products",
    "SELECT * FROM outbox",
    "SELECT * FROM tickets",
    "SELECT * FROM alembic_version",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM own_orders",
    "SELECT rowid FROM orders",
    "SELECT ctid FROM orders",
    "SELECT orders FROM orders",
    "SELECT (orders).note FROM orders",
    "SELECT password FROM customers",
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_sleep(9)",
    "SELECT sleep(9)",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT printf('%1000000000d', 1)",
    "SELECT repeat('x', 1000000000)",
    "SELECT replace('aaaaaaaa', 'a', 'aaaaaaaa')",
    "SELECT version()",
    "SELECT current_user",
    "SELECT CAST('pg_shadow' AS regclass)",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT * FROM orders TABLESAMPLE SYSTEM (10)",
    "SELECT * FROM orders, LATERAL (SELECT 1) x",
    "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r",
    "WITH r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r",
    "WITH orders AS (SELECT 1 AS note) SELECT * FROM orders",
    "WITH a AS (SELECT * FROM pg_shadow), pg_shadow AS (SELECT 1 AS x) SELECT * FROM a",
    "SELECT * FROM (WITH sqlite_master AS (SELECT 1 AS x) SELECT x FROM sqlite_master) z, sqlite_master",
    "SELECT :customer_id",
    "SELECT ?",
    "SELECT $1",
    "SELECT E'\\x41'",
    "SELECT $$text$$",
    "SELECT X'41'",
    "SELECT 1\x00",
    "SELECT '\ud800'",
    "SELECT * FROM orders LIMIT (SELECT 1)",
    "SELECT " + "(" * 500 + "1" + ")" * 500,
    "SELECT " + "||".join(["name"] * 50) + " FROM order_items",
    "SELECT '" + "x" * 5000 + "'",
    "SELECT 1 FROM " + ", ".join(f"orders o{number}" for number in range(40)),
]


@pytest.mark.parametrize(("sql", "rows"), ANSWERS)
def test_an_honest_question_is_answered(two_customers: TwoCustomers, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert list(run_select(two_customers.reader, sql, ADA).rows) == rows


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:40].encode("unicode_escape").decode())
def test_anything_but_a_plain_select_is_refused_with_a_sentence(two_customers: TwoCustomers, sql: str) -> None:
    with pytest.raises(QueryRefused, match=r"^[A-Z'].*: .*\.$"):
        run_select(two_customers.reader, sql, ADA)


def test_even_a_writing_engine_is_only_read(two_customers: TwoCustomers) -> None:
    assert run_select(two_customers.database, "SELECT count(*) FROM orders", ADA).rows == ((2,),)
    with Session(two_customers.database) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 3


def test_only_so_many_rows_come_back(two_customers: TwoCustomers) -> None:
    found = run_select(two_customers.reader, "SELECT a.id FROM order_items a, order_items b", ADA, max_rows=3)
    assert (len(found.rows), found.truncated) == (3, True)


def test_a_limit_of_the_statement_itself_stays(two_customers: TwoCustomers) -> None:
    found = run_select(two_customers.reader, "SELECT id FROM order_items LIMIT 1", ADA, max_rows=3)
    assert (len(found.rows), found.truncated) == (1, False)


def test_only_so_much_text_comes_back(two_customers: TwoCustomers) -> None:
    found = run_select(two_customers.reader, f"SELECT '{'x' * 3000}' FROM orders a, orders b, orders c", ADA)
    assert (len(found.rows), found.truncated) == (6, True)


def test_a_statement_that_takes_too_long_is_stopped(two_customers: TwoCustomers) -> None:
    with pytest.raises(QueryRefused, match=r"longer than 0\.05 s"):
        run_select(two_customers.reader, MILLIONS_OF_ROWS, ADA, timeout_s=0.05)


def test_the_connection_is_as_before_after_a_refusal(two_customers: TwoCustomers) -> None:
    with pytest.raises(QueryRefused):
        run_select(two_customers.reader, "SELECT o.email FROM orders o", ADA)
    with two_customers.reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM products").scalar() == 1
