"""No customer, no engine, no accident and no change of the shop breaks a promise: a thousand steps against the shop."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from shopbot.shop.settings import load_settings
from tests.promises.machine import machine_in
from tests.promises.machine_shop import open_world

RUN = 50


@pytest.mark.parametrize(("database", "steps"), [("sqlite", 1000), ("postgresql", 200)])
def test_every_promise_holds_in_every_step(
    request: pytest.FixtureRequest, data_folder: Path, caplog: pytest.LogCaptureFixture, database: str, steps: int
) -> None:
    caplog.set_level(logging.CRITICAL)
    url = request.getfixturevalue("fresh_postgres_url") if database == "postgresql" else None
    if url is not None:
        _build_demo(url)
    with open_world(load_settings(data=data_folder, database_url=url)) as world:
        machine = machine_in(world)
        run_state_machine_as_test(machine, settings=settings(
            max_examples=steps // RUN, stateful_step_count=RUN, derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ))  # fmt: skip
        assert machine.effects["questions"] and machine.effects["returns"]


def _build_demo(url: str) -> None:
    from datetime import UTC, datetime

    from shopbot.shop.database.connection import open_database
    from shopbot.shop.demo.seed import build_demo

    database = open_database(url)
    build_demo(database, datetime.now(UTC))
    database.dispose()
