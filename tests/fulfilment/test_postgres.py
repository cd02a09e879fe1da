"""The same promises when orders and workflows are kept in PostgreSQL."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from return_shop import ADA, JEANS, ONE_OF_EACH, ORDER, build, end_state, open_shop
from shop_process import arrange_and_die

from shopbot.shop.fulfilment.executors import SharedExecutor
from shopbot.shop.settings import Settings


@pytest.fixture
def on_postgres(tmp_path: Path, fresh_postgres_url: str) -> Settings:
    made = Settings(data=tmp_path, database_url=fresh_postgres_url, fulfilment_wait_s=10, carrier_timeout_s=1)
    build(made)
    return made


def test_threads_that_ask_for_the_same_unit_get_one_return(on_postgres: Settings) -> None:
    with open_shop(on_postgres) as fulfilment, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(fulfilment.arrange, ORDER, ADA, {JEANS: 1}, f"chat {n}") for n in range(8)]
        outcomes = {future.result() for future in asked}
    assert {outcome.status for outcome in outcomes} == {"emailed"}
    assert end_state(on_postgres) == ONE_OF_EACH


def test_what_was_left_unfinished_goes_on_after_a_restart(on_postgres: Settings) -> None:
    (on_postgres.data / "carrier").mkdir()
    plan = on_postgres.data / "carrier" / "faults.json"
    plan.write_text('[{"operation": "buy", "fault": "server_error", "times": 100}]')
    with open_shop(on_postgres.model_copy(update={"fulfilment_wait_s": 0})) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "requested"
    plan.unlink()
    with open_shop(on_postgres) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat").status == "emailed"
    assert end_state(on_postgres) == ONE_OF_EACH


@pytest.mark.parametrize("point", ["bought, step not recorded", "mail delivered, not noted"])
def test_a_living_process_takes_over_from_a_killed_one(on_postgres: Settings, point: str) -> None:
    with open_shop(on_postgres) as fulfilment:
        killed = get_context("spawn").Process(target=arrange_and_die, args=(on_postgres, {JEANS: 1}, point))
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        fulfilment._sweep()
        deadline = time.monotonic() + 60
        while not fulfilment.status(1).settled and time.monotonic() < deadline:
            time.sleep(0.05)
    assert end_state(on_postgres) == ONE_OF_EACH


def test_a_shared_executor_is_dead_only_when_its_connection_is(fresh_postgres_url: str) -> None:
    first, second = SharedExecutor(fresh_postgres_url), SharedExecutor(fresh_postgres_url)
    with first.dead([first.id, second.id, "pg-gone"]) as dead:
        assert dead == ["pg-gone"]
        with second.dead(["pg-gone"]) as taken:
            assert taken == []
    second.close()
    found: list[str] = []
    while not found:  # the server ends the connection in its own time
        with first.dead([second.id]) as dead:
            found = dead
    assert found == [second.id]
    first.close()
