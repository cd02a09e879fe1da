"""A damaged, locked or full place is named, left as it is, and costs no more than it must."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import RETURN_JEANS, Spoken, is_one_sentence
from sqlalchemy import create_engine, text

from shopbot.apps.session import open_conversation

GARBAGE = b"this was a database once " * 500
HOLD = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "c.execute('PRAGMA locking_mode=' + sys.argv[2]); c.execute('BEGIN EXCLUSIVE'); "
    "print('held', flush=True); sys.stdin.read()"
)


@contextmanager
def held_by_another_process(file: Path, mode: str) -> Iterator[None]:
    """An exclusive transaction of another process on a SQLite file."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, file, mode], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()


def count(folder: Path, table: str) -> int:
    """Rows of a table of the shop."""
    engine = create_engine(f"sqlite:///{folder / 'shop.db'}")
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    engine.dispose()
    return int(found)


@pytest.mark.parametrize("name", ["shop.db", "conversations.db", "carrier/carrier.db"])
def test_a_damaged_file_is_named_and_left_as_it_is(
    name: str, shop_folder: Path, chat_json: Callable[..., Spoken]
) -> None:
    file = shop_folder / name
    file.parent.mkdir(exist_ok=True)
    for beside in shop_folder.glob("shop.db-*"):
        beside.unlink()
    file.write_bytes(GARBAGE)
    spoken = chat_json(b"hello\n")
    assert (spoken.code, spoken.out) == (1, "")
    assert is_one_sentence(spoken.err)
    assert str(file) in spoken.err
    assert file.read_bytes() == GARBAGE


def test_without_its_workflow_database_a_return_is_refused_and_nothing_is_written(
    shop_folder: Path, chat_json: Callable[..., Spoken]
) -> None:
    (shop_folder / "fulfilment.db").write_bytes(GARBAGE)
    before = count(shop_folder, "returns")
    spoken = chat_json(RETURN_JEANS + b"How long do I have to return something?\n")
    offered, failed, policy = spoken.lines
    assert offered["awaiting"] == "confirmation"
    assert [action["status"] for action in failed["actions"]] == ["error"]
    assert "not working just now" in failed["actions"][0]["observation"]
    assert str(shop_folder) not in failed["reply"]
    assert "workflow database" in (shop_folder / "log" / "shopbot.log").read_text()
    assert policy["citations"]
    assert (spoken.code, spoken.err) == (0, "")
    assert count(shop_folder, "returns") == before
    assert (shop_folder / "fulfilment.db").read_bytes() == GARBAGE


def test_a_damaged_index_is_built_again(shop_folder: Path, chat_json: Callable[..., Spoken]) -> None:
    (shop_folder / "policies" / "chroma.sqlite3").write_bytes(GARBAGE)
    spoken = chat_json(b"How long do I have to return something?\n")
    assert spoken.lines[0]["citations"]
    assert (spoken.code, spoken.err) == (0, "")


def test_a_shop_that_another_program_keeps_to_itself_is_named(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setattr("shopbot.shop.database.connection.BUSY_TIMEOUT_MS", 100)
    with held_by_another_process(shop_folder / "shop.db", "EXCLUSIVE"):
        spoken = chat_json(b"hello\n")
    assert (spoken.code, spoken.out) == (1, "")
    assert is_one_sentence(spoken.err)
    assert "locked" in spoken.err


def test_while_another_program_writes_a_return_waits_and_can_be_asked_for_again(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setattr("shopbot.shop.database.connection.BUSY_TIMEOUT_MS", 100)
    before = count(shop_folder, "returns")
    with held_by_another_process(shop_folder / "shop.db", "NORMAL"):
        locked = chat_json(RETURN_JEANS, thread="locked")
    assert "not working just now" in locked.lines[0]["actions"][-1]["observation"]
    assert "locked" in (shop_folder / "log" / "shopbot.log").read_text()
    assert (locked.code, locked.err) == (0, "")
    assert count(shop_folder, "returns") == before
    again = chat_json(RETURN_JEANS, thread="locked")
    assert "e-mailed" in again.lines[-1]["reply"]
    assert count(shop_folder, "returns") == before + 1


def test_conversations_that_cannot_be_written_are_an_error_and_the_program_goes_on(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setattr("shopbot.agents.memory.BUSY_TIMEOUT_S", 0.1)
    assert chat_json(b"hello\n").code == 0
    with held_by_another_process(shop_folder / "conversations.db", "NORMAL"):
        spoken = chat_json(b"hello\nhello\n", thread="new")
    assert [list(line) for line in spoken.lines] == [["error"], ["error"]]
    assert (spoken.code, spoken.err) == (0, "")
    assert "database is locked" in (shop_folder / "log" / "shopbot.log").read_text()


def test_a_label_that_cannot_be_stored_is_on_its_way_until_there_is_room(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, chat_json: Callable[..., Spoken]
) -> None:
    monkeypatch.setenv("SHOPBOT_FULFILMENT_WAIT_S", "2")
    (shop_folder / "labels").write_text("in the way")
    before = count(shop_folder, "labels")
    spoken = chat_json(RETURN_JEANS)
    assert "has been e-mailed" not in spoken.lines[-1]["reply"]
    assert (spoken.code, spoken.err) == (0, "")
    assert count(shop_folder, "labels") == before
    (shop_folder / "labels").unlink()
    with open_conversation(None, None, ""):
        _wait_for(lambda: any((shop_folder / "mail").glob("new/*")))
    assert count(shop_folder, "labels") == before + 1
    assert count(shop_folder, "outbox") == 1
    assert len(list((shop_folder / "mail" / "new").iterdir())) == 1


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
