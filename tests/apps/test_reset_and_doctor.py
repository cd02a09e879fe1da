"""`shopbot reset` builds the same shop each time and loses nothing; `shopbot doctor` says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import is_one_sentence
from sqlalchemy import create_engine, inspect

from shopbot.apps.doctor import run_doctor
from shopbot.apps.failures import explained
from shopbot.apps.reset import run_reset
from shopbot.apps.search import run_search


def content(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        names = sorted(inspect(connection).get_table_names())
        rows = {name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")] for name in names}
    engine.dispose()
    return rows


def test_reset_moves_aside_what_was_there_and_builds_the_same_shop(
    shop_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (shop_folder / "labels").mkdir()
    (shop_folder / "labels" / "label.pdf").write_text("paid for")
    before = content(shop_folder / "shop.db")
    assert run_reset(data=None, yes=False) == 0
    assert run_reset(data=None, yes=False) == 0
    assert content(shop_folder / "shop.db") == before
    first, second = sorted(shop_folder.glob("before-reset-*"))
    assert (first / "labels" / "label.pdf").read_text() == "paid for"
    assert content(first / "shop.db") == content(second / "shop.db") == before
    assert str(second) in capfd.readouterr().out


def test_the_command_to_try_next_names_the_folder_that_was_given(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_reset(data=tmp_path / "my shop", yes=False)
    assert f"shopbot chat --data '{tmp_path}/my shop'" in capfd.readouterr().err


def test_reset_does_not_replace_a_database_of_the_users_own_unasked(
    shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.db"
    (shop_folder / "shop.db").rename(own)
    monkeypatch.setenv("SHOPBOT_DATABASE_URL", f"sqlite:///{own}")
    assert explained(lambda: run_reset(data=None, yes=False)) == 1
    error = capfd.readouterr().err
    assert is_one_sentence(error)
    assert "--yes" in error


def test_the_doctor_finds_nothing_wrong_with_a_demo_shop(shop_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_doctor(data=None) == 0
    out, err = capfd.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * 12
    assert "orders" in out
    assert err == ""


def test_the_doctor_names_everything_that_is_wrong(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (shop_folder / "shop.db").write_bytes(b"no database " * 1000)
    (shop_folder / "conversations.db").write_bytes(b"no database " * 1000)
    monkeypatch.setenv("SHOPBOT_ENGINE", "foo[/red]")
    monkeypatch.setenv("SHOPBOT_SMTP_URL", "http://mail.example")
    assert run_doctor(data=None) == 1
    out, err = capfd.readouterr()
    wrong = [line.partition(":")[0] for line in out.splitlines() if line.startswith("wrong")]
    names = ("order database", "conversations", "engine", "mail", "fulfilment")
    assert wrong == [f"wrong {name}" for name in names]
    assert "foo[/red]" in out
    assert err == ""


def test_search_prints_passages_as_json(shop_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_search("How long can I return?\x00\udcff", data=None, collection="policies", k=2, as_json=True) == 0
    passages = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [set(passage) for passage in passages] == [{"key", "source", "heading", "score", "text"}] * len(passages)
    assert "#" in passages[0]["key"]


def test_an_unknown_collection_is_named(shop_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def search() -> int:
        return run_search("x", data=None, collection="manuals", k=1, as_json=False)

    assert explained(search) == 1
    assert "'manuals'" in capfd.readouterr().err
