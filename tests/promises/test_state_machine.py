"""No customer, no engine, no accident and no change of the shop breaks a promise: a thousand steps against the shop."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.scale.database import build_shop
from shopbot.shop.settings import load_settings
from tests.promises.machine import machine_in
from tests.promises.machine_shop import open_world

pytestmark = pytest.mark.long
RUN = 50


@pytest.mark.parametrize(("database", "steps"), [("sqlite", 1000), ("postgresql", 200)])
def test_every_promise_holds_in_every_step(
    request: pytest.FixtureRequest, data_folder: Path, caplog: pytest.LogCaptureFixture, database: str, steps: int
) -> None:
    caplog.set_level(logging.CRITICAL)
    url = request.getfixturevalue("fresh_postgres_url") if database == "postgresql" else None
    if url is not None:
        build_shop(url)
    with open_world(load_settings(data=data_folder, database_url=url)) as world:
        machine = machine_in(world)
        run_state_machine_as_test(machine, settings=settings(
            max_examples=steps // RUN, stateful_step_count=RUN, derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ))  # fmt: skip
        assert machine.effects["questions"] and machine.effects["returns"]
