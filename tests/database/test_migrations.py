"""The migrations make exactly the schema of the models, once, and never half of it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from shopbot.shop.database import open_database
from shopbot.shop.database.migrate import HEAD, REVISIONS, SCRIPTS
from shopbot.shop.database.models import Base
from shopbot.shop.errors import DatabaseError


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return ScriptDirectory.from_config(config)


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))


def write(engine: Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)


def test_the_migrated_schema_is_the_schema_of_the_models(empty_url: str) -> None:
    engine = open_database(empty_url)
    try:
        assert differences(engine) == []
    finally:
        engine.dispose()


def test_a_difference_would_be_noticed(empty_url: str) -> None:
    engine = open_database(empty_url)
    try:
        write(engine, "DROP INDEX ix_orders_customer_id")
        assert len(differences(engine)) == 1
    finally:
        engine.dispose()


def test_the_revisions_in_the_code_are_those_in_the_folder() -> None:
    assert scripts().get_current_head() == HEAD
    assert [script.revision for script in scripts().walk_revisions()] == list(reversed(REVISIONS))


def test_opening_again_changes_nothing(empty_url: str) -> None:
    engine = open_database(empty_url)
    write(engine, "INSERT INTO products VALUES ('J-1', 'Jeans', 'trousers', 5990, false)")
    engine.dispose()
    engine = open_database(empty_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM products").scalar() == 1
    engine.dispose()


def test_programs_that_start_at_once_migrate_once(empty_url: str) -> None:
    code = (
        "import sys; import alembic.command; from shopbot.shop.database import open_database, migrate;"
        "print('ready', flush=True); sys.stdin.readline(); open_database(sys.argv[1]).dispose(); print('opened')"
    )
    command = [sys.executable, "-c", code, empty_url]
    programs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    assert [program.communicate(timeout=60)[0] for program in programs] == ["opened\n"] * 3


def test_a_schema_of_a_newer_program_is_left_alone(empty_url: str) -> None:
    engine = open_database(empty_url)
    write(engine, "UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(DatabaseError, match=r"newer version of this program \(schema '9999'\): install that version"):
        open_database(empty_url)


def test_a_program_goes_on_with_the_schema_of_the_next_version(empty_url: str) -> None:
    engine = open_database(empty_url)
    write(engine, f"UPDATE alembic_version SET version_num = '9999~{HEAD}'")
    engine.dispose()
    open_database(empty_url).dispose()


@pytest.mark.parametrize(("before", "after"), list(pairwise(REVISIONS)))
def test_a_revision_only_adds_and_names_the_one_before(tmp_path: Path, before: str, after: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    upgrade(engine, before)
    old = columns_of(engine)
    upgrade(engine, after)
    new = columns_of(engine)
    engine.dispose()
    assert {name: kind for name, kind in new.items() if name in old} == old
    tables = {table for table, _ in old}
    assert [name for name, (_, needed) in new.items() if needed and name[0] in tables and name not in old] == []
    assert after == "0002" or after.endswith(f"~{before}")


def upgrade(engine: Engine, revision: str) -> None:
    from alembic import command

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def columns_of(engine: Engine) -> dict[tuple[str, str], tuple[str, bool]]:
    """Of each table and column the type, and whether a row needs a value in it."""
    looked = inspect(engine)
    return {
        (table, column["name"]): (str(column["type"]), not column["nullable"] and column["default"] is None)
        for table in looked.get_table_names()
        for column in looked.get_columns(table)
    }


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE tickets (seat TEXT)")
        other.execute("INSERT INTO tickets VALUES ('12A')")
    other.close()
    with pytest.raises(DatabaseError, match=r"cannot be brought to schema .*tickets already exists.*empty database"):
        open_database(f"sqlite:///{file}")
    left = sqlite3.connect(file)
    assert left.execute("SELECT name FROM sqlite_master").fetchall() == [("tickets",)]
    assert left.execute("SELECT seat FROM tickets").fetchall() == [("12A",)]
    left.close()


def test_the_first_migration_can_be_undone(file_url: str) -> None:
    from alembic import command

    engine = open_database(file_url)
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
