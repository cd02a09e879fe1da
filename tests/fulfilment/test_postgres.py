"""The same promises when orders and workflows are kept in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from return_shop import ADA, JEANS, ONE_OF_EACH, ORDER, build, end_state, open_shop

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
