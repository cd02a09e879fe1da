"""What is opened is closed: agents, shops, model calls that were given up on."""

from __future__ import annotations

import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from shopbot.engines.protocol import DEADLINE

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


@contextmanager
def hanging_server(drips: bool) -> Iterator[int]:
    """The port of a server that takes every request and never answers it, or a byte at a time and never to its end."""
    server, taken, closing = socket.create_server(("127.0.0.1", 0)), list[socket.socket](), threading.Event()

    def accept() -> None:
        while not closing.is_set():
            try:
                taken.append(server.accept()[0])
            except OSError:
                return
            if drips:
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                taken[-1].sendall(head)

    def drip() -> None:
        while not closing.wait(0.01):
            for connection in [*taken]:
                try:
                    connection.sendall(b"1\r\n \r\n")
                except OSError:
                    connection.close()
                    taken.remove(connection)

    threads = [threading.Thread(target=work, daemon=True) for work in ((accept, drip) if drips else (accept,))]
    for thread in threads:
        thread.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        closing.set()
        server.shutdown(socket.SHUT_RDWR)
        for each in (server, *taken):
            each.close()
        for thread in threads:
            thread.join()


def ask(engine: Any, how: str) -> None:
    """A call that is given up on soon."""
    told = SystemMessage("Serve.", additional_kwargs={DEADLINE: time.monotonic() + 0.03})
    with pytest.raises(TimeoutError):
        list(engine.stream([told, HumanMessage("hi")])) if how == "stream" else engine.invoke(
            [told, HumanMessage("hi")]
        )


@pytest.mark.parametrize("how", ["invoke", "stream"])
@pytest.mark.parametrize("drips", [False, True])
def test_a_model_call_that_is_given_up_on_leaves_nothing_behind(
    how: str, drips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shopbot.engines.hosted import make_openai
    from shopbot.engines.options import EngineOptions

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    before = resources()
    with hanging_server(drips) as port:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        engine = make_openai("any", EngineOptions(timeout_s=30))
        for _ in range(50):
            ask(engine, how)
        until = time.monotonic() + 10
        while any(thread.name == "model call" for thread in threading.enumerate()) and time.monotonic() < until:
            time.sleep(0.01)
    after = resources()
    assert after[1] <= before[1]
    assert after[0] <= before[0] + 1
