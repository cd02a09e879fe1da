"""kill -9 at every point of a return, then a restart: one return, one label, one e-mail."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from typing import Any

import pytest
from return_shop import ADA, JEANS, ONE_OF_EACH, ORDER, end_state, open_shop
from shop_process import POINTS, arrange, arrange_and_die, finish

from shopbot.shop.settings import Settings

_processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def _fork_server() -> Iterator[None]:
    # The server does not take over sys.path, and leaves out silently what it cannot import.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        _processes.set_forkserver_preload(["shop_process"])
        forkserver.ensure_running()
    yield


def _start(target: Callable[..., None], *args: Any) -> Any:
    process = _processes.Process(target=target, args=args)
    process.start()
    return process


def _run(target: Callable[..., None], *args: Any, limit_s: float = 30) -> int | None:
    process = _start(target, *args)
    process.join(limit_s)
    code: int | None = process.exitcode
    process.kill()
    process.join()
    process.close()
    return code


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_return_is_finished_once(settings: Settings, point: str) -> None:
    assert _run(arrange_and_die, settings, {JEANS: 1}, point) == -signal.SIGKILL
    assert _run(finish, settings) == 0
    assert end_state(settings) == ONE_OF_EACH


def test_killed_again_and_again_it_is_finished_once(settings: Settings) -> None:
    for point in ("bought, step not recorded", "label written, rows not", "mail delivered, not noted"):
        assert _run(arrange_and_die, settings, {JEANS: 1}, point) == -signal.SIGKILL
    assert _run(finish, settings) == 0
    assert end_state(settings) == ONE_OF_EACH


def test_asking_again_after_the_kill_finishes_it_once(settings: Settings) -> None:
    assert _run(arrange_and_die, settings, {JEANS: 1}, "bought, step not recorded") == -signal.SIGKILL
    with open_shop(settings) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(settings) == ONE_OF_EACH


def test_a_running_process_takes_over_from_a_killed_one_only(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        assert _run(arrange_and_die, settings, {JEANS: 1}, "before buying") == -signal.SIGKILL
        fulfilment._sweep()
        fulfilment._sweep()
        deadline = time.monotonic() + 15
        while not fulfilment.status(1).settled and time.monotonic() < deadline:
            time.sleep(0.05)
    assert end_state(settings) == ONE_OF_EACH


def test_lost_workflow_records_are_no_loss(settings: Settings) -> None:
    assert _run(arrange_and_die, settings, {JEANS: 1}, "rows written, step not recorded") == -signal.SIGKILL
    for file in settings.data.glob("fulfilment.db*"):
        file.unlink()
    assert _run(finish, settings) == 0
    assert end_state(settings) == ONE_OF_EACH


def test_processes_that_ask_for_the_same_unit_make_one_return(settings: Settings) -> None:
    asking = [_start(arrange, settings, {JEANS: 1}, f"chat {number}") for number in range(2)]
    for process in asking:
        process.join(30)
        assert process.exitcode == 0
        process.close()
    assert end_state(settings) == ONE_OF_EACH
