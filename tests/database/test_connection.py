"""Opening the order database: what it is set to, and one sentence about every way in which it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from two_customers import TwoCustomers

from shopbot.shop.database import connection, open_database, open_read_only
from shopbot.shop.errors import DatabaseError

NEW_PRODUCT = "INSERT INTO products VALUES ('N-1', 'New', 'x', 1, false)"
ORDER_OF_NOBODY = "INSERT INTO orders VALUES ('1', 99, 'shipped', '2026-11-02 09:30:00', NULL, NULL, NULL, '', '', '')"


def file_of(url: str) -> Path:
    return Path(str(make_url(url).database))


def pragma(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def write(engine: Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)


def test_a_missing_file_and_its_folder_are_made(file_url: str) -> None:
    open_database(file_url).dispose()
    assert file_of(file_url).is_file()


def test_a_file_whose_name_has_special_characters_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "mein laden?#%41é.db"
    open_database(URL.create("sqlite", database=str(file)).render_as_string()).dispose()
    assert file.is_file()


def test_every_connection_to_a_file_is_set_up(file_url: str) -> None:
    engine = open_database(file_url)
    found = {name: pragma(engine, name) for name in ("journal_mode", "foreign_keys", "busy_timeout")}
    engine.dispose()
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}


def test_an_order_of_nobody_is_rejected(empty_url: str) -> None:
    engine = open_database(empty_url)
    with pytest.raises(IntegrityError):
        write(engine, ORDER_OF_NOBODY)
    engine.dispose()


def test_a_reader_cannot_write(two_customers: TwoCustomers) -> None:
    with pytest.raises((DBAPIError, DatabaseError)):
        write(two_customers.reader, NEW_PRODUCT)
    with two_customers.database.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM products").scalar() == 1


def test_a_reader_sees_what_was_written_after_it_was_opened(two_customers: TwoCustomers) -> None:
    statement = "SELECT note FROM orders WHERE order_number = '100001'"
    write(two_customers.database, "UPDATE orders SET note = 'changed' WHERE order_number = '100001'")
    with two_customers.reader.connect() as connection:
        assert connection.exec_driver_sql(statement).scalar() == "changed"
    write(two_customers.database, "UPDATE orders SET note = 'ada' WHERE order_number = '100001'")


def test_a_reader_makes_no_file(file_url: str) -> None:
    with pytest.raises(DatabaseError, match=r"shop\.db cannot be opened: check that its folder exists"):
        open_read_only(file_url)
    assert not file_of(file_url).exists()


def test_a_reader_of_an_empty_database_is_told_how_to_fill_it(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        file_of(empty_url).parent.mkdir()
        file_of(empty_url).touch()
    with pytest.raises(DatabaseError, match="holds no shop yet: run 'shopbot reset'"):
        open_read_only(empty_url)


@pytest.mark.parametrize("opening", [open_database, open_read_only])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"This is a letter, not a database. " * 200, "is not a SQLite database"), (None, "is damaged")],
)
def test_a_damaged_file_is_named_and_left_as_it_is(
    file_url: str, opening: object, content: bytes | None, sentence: str
) -> None:
    damaged = content or _cut_in_half(file_url)
    file_of(file_url).parent.mkdir(exist_ok=True)
    file_of(file_url).write_bytes(damaged)
    with pytest.raises(DatabaseError, match=rf"shop\.db {sentence}: restore .* start with a new one\.$"):
        opening(file_url)  # type: ignore[operator]
    assert file_of(file_url).read_bytes() == damaged


def test_a_locked_file_is_named(file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 50)
    file_of(file_url).parent.mkdir()
    other = sqlite3.connect(file_of(file_url), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseError, match=r"shop\.db is locked by another program: close it, or try again"):
        open_database(file_url)
    other.execute("ROLLBACK")
    other.close()
    open_database(file_url).dispose()


def test_a_write_while_another_program_writes_says_that_it_is_locked(
    file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 50)
    engine = open_database(file_url)
    other = sqlite3.connect(file_of(file_url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match="is locked by another program"):
        write(engine, NEW_PRODUCT)
    other.close()
    write(engine, NEW_PRODUCT)
    engine.dispose()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DatabaseError, match=r"needs the folder '.*taken/inside', which cannot be made"):
        open_database(f"sqlite:///{tmp_path}/taken/inside/shop.db")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="would be lost at the end: name a file"):
        open_database(url)


@pytest.mark.parametrize("opening", [open_database, open_read_only])
def test_an_unreachable_server_is_named_without_its_password(opening: object) -> None:
    with pytest.raises(DatabaseError, match="cannot be reached: check that the server runs") as caught:
        opening("postgresql://ada:s3cret@127.0.0.1:1/shop?password=s3cret")  # type: ignore[operator]
    assert "s3cret" not in str(caught.value)
    assert "ada:***@127.0.0.1:1/shop" in str(caught.value)


def test_a_missing_database_on_the_server_is_named(postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(DatabaseError, match="does not exist: create it"):
        open_database(url)


def test_an_unknown_user_of_the_server_is_named(postgres_url: str) -> None:
    url = make_url(postgres_url).set(username="stranger").render_as_string(hide_password=False)
    with pytest.raises(DatabaseError, match="does not accept this user: check user and password"):
        open_database(url)


def test_a_user_who_may_not_make_tables_is_told(fresh_postgres_url: str) -> None:
    administrator = open_database(fresh_postgres_url)
    write(administrator, "DROP SCHEMA public CASCADE")
    write(administrator, "CREATE SCHEMA public")
    write(administrator, "DROP ROLE IF EXISTS visitor")
    write(administrator, "CREATE ROLE visitor LOGIN")
    write(administrator, "GRANT USAGE ON SCHEMA public TO visitor")
    administrator.dispose()
    url = make_url(fresh_postgres_url).set(username="visitor").render_as_string(hide_password=False)
    with pytest.raises(DatabaseError, match="may not be used by this user: grant it"):
        open_database(url)


def test_opening_a_database_that_is_up_to_date_loads_no_alembic(file_url: str) -> None:
    open_database(file_url).dispose()
    code = (
        "import sys; from shopbot.shop.database import open_database; open_database(sys.argv[1]).dispose();"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'alembic', 'sqlglot', 'psycopg'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, file_url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _cut_in_half(url: str) -> bytes:
    open_database(url).dispose()
    whole = file_of(url).read_bytes()
    return whole[:4096] + b"\x5a" * (len(whole) - 4096)
