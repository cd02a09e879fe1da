"""A process is known as dead only when it is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from shopbot.shop.fulfilment import Backoff
from shopbot.shop.fulfilment.exclusive import exclusive
from shopbot.shop.fulfilment.executors import Executor


def test_living_executors_have_different_names(tmp_path: Path) -> None:
    first, second = Executor(tmp_path), Executor(tmp_path)
    assert first.id != second.id
    with first.dead() as dead:
        assert dead == []
    first.close()
    second.close()


def test_the_name_of_a_dead_executor_is_used_again(tmp_path: Path) -> None:
    first = Executor(tmp_path)
    first.close()
    again = Executor(tmp_path)
    assert again.id == first.id
    again.close()


def test_a_dead_executor_is_found(tmp_path: Path) -> None:
    first, second = Executor(tmp_path), Executor(tmp_path)
    first.close()
    with second.dead() as dead:
        assert dead == [first.id]
        # Nobody takes the name while its work is being taken over.
        third = Executor(tmp_path)
        assert third.id not in (first.id, second.id)
    second.close()
    third.close()


def test_executors_of_other_data_folders_have_other_names(tmp_path: Path) -> None:
    first, second = Executor(tmp_path / "a"), Executor(tmp_path / "b")
    assert first.id != second.id
    first.close()
    second.close()


def test_one_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    database = create_engine("sqlite://")
    entered = threading.Event()

    def enter() -> None:
        with exclusive(database, tmp_path, "return 1"):
            entered.set()

    with exclusive(database, tmp_path, "return 1"):
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.1)
    assert entered.wait(5)
    other.join()
    database.dispose()


@pytest.mark.parametrize(("tries", "pause"), [(1, 1.0), (2, 2.0), (3, 4.0), (11, 900.0), (10**9, 900.0)])
def test_pauses_grow_to_a_limit(tries: int, pause: float) -> None:
    assert Backoff().pause_s(tries) == pause
