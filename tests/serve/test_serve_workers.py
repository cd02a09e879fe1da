"""`shopbot serve --workers` over PostgreSQL: whichever worker answers, and whichever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from serving import Running, Visitor

from benchmarks.serve.process import ServerProcess

QUESTION = "Is it on the shelf?"


@pytest.fixture
def workers(fresh_postgres_url: str, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    """Two workers with a scripted agent."""
    monkeypatch.setenv("SHOPBOT_DATABASE_URL", fresh_postgres_url)
    program = ServerProcess(data_folder, "--workers", "2", "--agent", "benchmarks.serve.agents:gated")
    program.start()
    yield program
    program.stop()


def test_several_processes_need_a_database_in_common(data_folder: Path) -> None:
    command = [sys.executable, "-m", "shopbot.apps", "serve", "--workers", "2", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "SHOPBOT_DATABASE_URL" in done.stderr


SUPERVISED = """
import slow, socket, sys
from shopbot.apps.serve.shared.workers import supervise
if __name__ == "__main__":
    print("begun", flush=True)
    sys.exit(supervise(3, slow.serve, socket.socket()))
"""


@pytest.mark.parametrize("after", [0.02, 0.1, 0.3])
def test_told_to_stop_while_they_are_started_none_is_left(after: float, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ndef serve(listening): time.sleep(600)\n", encoding="utf-8")
    (tmp_path / "supervised.py").write_text(SUPERVISED, encoding="utf-8")
    with subprocess.Popen([sys.executable, "supervised.py"], cwd=tmp_path, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(after)
        program.send_signal(signal.SIGTERM)
        program.wait(timeout=60)
        assert program.stdout.read() == b""  # it ends when the last process that holds it has ended


def test_whichever_worker_is_killed_every_message_is_answered_once(
    workers: ServerProcess, fresh_postgres_url: str
) -> None:
    running = Running(None, f"http://127.0.0.1:{workers.port}")  # type: ignore[arg-type]
    visitors = [running.visit() for _ in range(6)]
    sent = [[visitor.post(QUESTION).json()["seq"], visitor.post("Hello!").json()["seq"]] for visitor in visitors]
    os.kill(workers.workers[0], signal.SIGKILL)
    for visitor, (_, second) in zip(visitors, sent, strict=True):
        visitor.__post_init__()  # a client whose connections do not lead to the dead one
        visitor.wait(second)
        assert_answered_once_in_order(visitor)
    reply = seen_elsewhere(visitors[0])
    assert reply["speaker"] == "bot"
    for client in running.clients:
        client.close()
    assert_nothing_is_left(fresh_postgres_url)


def assert_answered_once_in_order(visitor: Visitor) -> None:
    said = visitor.messages()
    assert [entry["speaker"] for entry in said].count("customer") == 2
    assert len({entry["id"] for entry in said}) == len(said)
    assert 1 <= [entry["speaker"] for entry in said].count("bot") <= 2


def assert_nothing_is_left(url: str) -> None:
    """Nothing received is unanswered, once the turns have ended whose customers have seen the reply before theirs."""
    deadline = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM agent_received").fetchone():
            assert time.monotonic() < deadline, "a message was received and is not answered"
            time.sleep(0.05)


def seen_elsewhere(visitor: Visitor) -> dict[str, object]:
    """The next reply, as listeners at any worker hear it."""
    last = str(visitor.messages()[-1]["seq"])
    heard = []
    with visitor.events(last) as one, visitor.events(last) as two, visitor.events(last) as three:
        visitor.post(QUESTION)
        for events in (one, two, three):
            heard.append(next(data for name, data, _ in events if name == "message" and data["speaker"] == "bot"))
    assert len({entry["seq"] for entry in heard}) == 1
    return heard[0]
