"""Several processes over the conversations in one PostgreSQL: whoever dies or sleeps gives way and cannot come back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paused_worker import CONFIG

from shopbot.agents import create_agent
from shopbot.agents.postgres.memory import PostgresMemory, open_postgres_memory
from shopbot.testing import Script

LEASE_S = 1.0


@pytest.fixture
def memory(fresh_postgres_url: str) -> Iterator[PostgresMemory]:
    with open_postgres_memory(fresh_postgres_url, LEASE_S) as memory:
        yield memory


@pytest.fixture
def other(fresh_postgres_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another worker in the middle of a turn of the conversation."""
    program = Path(__file__).with_name("paused_worker.py")
    command = [sys.executable, str(program), fresh_postgres_url, str(tmp_path), str(LEASE_S)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(tmp_path / "looking")
            yield process
        finally:
            process.kill()


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def said(memory: PostgresMemory, words: str) -> list[str]:
    agent = create_agent(Script({"say": "Answered."}), [], checkpointer=memory)
    state: Any = agent.invoke({"messages": [{"role": "user", "content": words}]}, CONFIG)
    return [message.text for message in state["messages"]]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_the_turn_of_a_silent_worker_is_taken_over_with_its_message(
    memory: PostgresMemory, other: subprocess.Popen[bytes], end: signal.Signals
) -> None:
    other.send_signal(end)
    *before, newest, reply = said(memory, "anybody there?")
    assert (before, newest) == (["look"], "anybody there?")
    assert "Answered." in reply


def test_a_worker_that_wakes_up_too_late_writes_nothing_more(
    memory: PostgresMemory, other: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    other.send_signal(signal.SIGSTOP)
    kept = said(memory, "anybody there?")
    (tmp_path / "seen").touch()
    other.send_signal(signal.SIGCONT)
    assert other.wait(30) == 70
    assert [message.text for message in memory_of(memory)] == kept


def test_a_living_worker_is_waited_for(
    memory: PostgresMemory, other: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    time.sleep(2 * LEASE_S)
    assert not memory.locks.try_lock("chat")
    (tmp_path / "seen").touch()
    assert said(memory, "and now?")[-3:] == ["Said late.", "and now?", "Answered."]
    assert other.wait(30) == 0


def test_a_worker_that_closes_leaves_no_trace(fresh_postgres_url: str) -> None:
    with open_postgres_memory(fresh_postgres_url) as memory:
        said(memory, "hello")
    with psycopg.connect(fresh_postgres_url) as connection:
        left = connection.execute("SELECT count(*) FROM agent_workers LEFT JOIN agent_turns ON true").fetchone()
    assert left == (0,)


def memory_of(memory: PostgresMemory) -> list[Any]:
    return list(create_agent(Script(), [], checkpointer=memory).get_state(CONFIG).values["messages"])
