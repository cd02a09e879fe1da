"""Several processes over the conversations in one PostgreSQL: whoever dies or sleeps gives way and cannot come back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from paused_worker import CONFIG, FENCED

from shopbot.agents import create_agent
from shopbot.agents.postgres.memory import PostgresMemory, open_postgres_memory
from shopbot.testing import Script

LEASE_S = 2.0


@contextmanager
def other_worker(url: str, folder: Path, lease_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """Another process in the middle of a turn of the conversation."""
    program = Path(__file__).with_name("paused_worker.py")
    command = [sys.executable, str(program), url, str(folder), str(lease_s)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(folder / "looking")
            yield process
        finally:
            process.kill()


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 300
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def said(memory: PostgresMemory, words: str) -> list[str]:
    agent = create_agent(Script({"say": "Answered."}), [], checkpointer=memory)
    state: Any = agent.invoke({"messages": [{"role": "user", "content": words}]}, CONFIG)
    return [message.text for message in state["messages"]]


def test_a_worker_that_fell_silent_is_replaced_and_writes_nothing_more(fresh_postgres_url: str, tmp_path: Path) -> None:
    with other_worker(fresh_postgres_url, tmp_path, LEASE_S) as other:
        other.send_signal(signal.SIGSTOP)
        with open_postgres_memory(fresh_postgres_url, LEASE_S) as memory:
            *before, newest, reply = said(memory, "anybody there?")
            (tmp_path / "seen").touch()
            other.send_signal(signal.SIGCONT)
            assert other.wait() == FENCED
            assert messages_in(memory) == [*before, newest, reply]
    assert (before, newest) == (["look"], "anybody there?")
    assert "Answered." in reply


def test_a_living_worker_is_waited_for(fresh_postgres_url: str, tmp_path: Path) -> None:
    with other_worker(fresh_postgres_url, tmp_path, 60) as other, open_postgres_memory(fresh_postgres_url) as memory:
        assert not memory.locks.try_lock("chat")
        (tmp_path / "seen").touch()
        assert said(memory, "and now?")[-3:] == ["Said late.", "and now?", "Answered."]
        assert other.wait() == 0


def test_a_worker_that_closes_leaves_no_trace(fresh_postgres_url: str) -> None:
    with open_postgres_memory(fresh_postgres_url) as memory:
        said(memory, "hello")
    with psycopg.connect(fresh_postgres_url) as connection:
        left = connection.execute("SELECT count(*) FROM agent_workers LEFT JOIN agent_turns ON true").fetchone()
    assert left == (0,)


def messages_in(memory: PostgresMemory) -> list[str]:
    agent = create_agent(Script(), [], checkpointer=memory)
    return [message.text for message in agent.get_state(CONFIG).values["messages"]]
