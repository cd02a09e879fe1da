"""What is opened is closed: agents, shops, model calls that were given up on."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))

CYCLES = 30


def resources() -> tuple[int, int]:
    """Open descriptors and threads of this process, once those that are ending have ended."""
    gc.collect()
    deadline = time.monotonic() + 20
    while any(thread.name == "closing shop" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def make_and_drop() -> None:
    from shopbot.agents.shopbot import create_shopbot

    create_shopbot("planner")


def open_and_close() -> None:
    from shopbot.agents.shopbot import open_shopbot

    with open_shopbot("planner") as agent:
        agent.get_state({"configurable": {"thread_id": "chat"}})


@pytest.mark.parametrize("cycle", [make_and_drop, open_and_close])
def test_agents_leave_nothing_behind(cycle: Callable[[], None]) -> None:
    for _ in range(3):
        cycle()
    before = resources()
    for _ in range(CYCLES):
        cycle()
    assert resources() == before


def test_agents_of_one_shop_share_what_is_open() -> None:
    from shopbot.agents.shopbot import create_shopbot

    kept = [create_shopbot("planner")]
    before = resources()
    kept += [create_shopbot("planner") for _ in range(CYCLES)]
    assert resources() == before


def test_an_agent_that_lives_keeps_its_shop() -> None:
    from shopbot.agents.shopbot import create_shopbot

    agent = create_shopbot("planner").with_config(tags=["mine"])
    gc.collect()
    said = {"messages": [{"role": "user", "content": "where is order 123456? maria.lopez@example.com"}]}
    state = agent.invoke(said, {"configurable": {"thread_id": "chat"}})
    assert "123456" in str(state["facts"]["order"])
