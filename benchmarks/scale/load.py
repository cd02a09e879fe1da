"""Turns a second on a scripted model of no latency: N workers on PostgreSQL, one on SQLite, and plain LangGraph.

All three run in one go on this machine, with the same customers, who wait for each reply before they write again.

python -m benchmarks.scale.load --workers 4 --seconds 20 --customers 16
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.scale.database import build_shop, postgres
from benchmarks.serve.customer import Customer
from benchmarks.serve.process import ServerProcess

Say = Callable[[], Awaitable[None]]
ROTATED = 12
"""Conversations of one customer, who writes in one after the other: a single one is limited to 30 messages a minute."""


async def turns(sayers: list[Say], seconds: float) -> list[float]:
    """Everybody says one thing after the other for so long; the seconds of each turn."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def talk(say: Say) -> None:
        while (began := time.perf_counter()) < end:
            await say()
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(talk(say) for say in sayers))
    return took


def report(name: str, took: list[float], seconds: float, cpu_s: float) -> None:
    """Print the figures of one server."""
    ordered = sorted(took)
    p50, p95 = (1000 * ordered[int(len(ordered) * share)] for share in (0.5, 0.95))
    print(
        f"{name:32} {len(took) / seconds:7.1f} turns/s   p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   "
        f"{1000 * cpu_s / len(took):6.1f} ms of CPU a turn in the server",
        flush=True,
    )


async def ours(server: ServerProcess, name: str, given: argparse.Namespace) -> None:
    """Customers of `shopbot serve`, who post a message and hear the reply in their event stream."""
    rows = [[Customer(server.port) for _ in range(ROTATED)] for _ in range(given.customers)]
    customers = [customer for row in rows for customer in row]
    await asyncio.gather(*(customer.begin() for customer in customers))
    numbers = itertools.count()

    def sayer(row: list[Customer]) -> Say:
        following = itertools.cycle(row)

        async def say() -> None:
            await next(following).say("look", f"m{next(numbers)}")

        return say

    sayers = [sayer(row) for row in rows]
    await turns(sayers, 3)
    before = cpu_of(server.process.pid)
    took = await turns(sayers, given.seconds)
    report(name, took, given.seconds, cpu_of(server.process.pid) - before)
    await asyncio.gather(*(customer.leave() for customer in customers))


async def others(url: str, given: argparse.Namespace) -> None:
    """Customers of the plain server, who get the reply as the answer to their request."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.scale.plain_server", url, str(port)])
    try:
        sayers: list[Say] = [lambda t=thread: say_plainly(port, f"plain-{t}") for thread in range(given.customers)]  # type: ignore[misc]
        for _ in range(600):
            with suppress(OSError):
                await say_plainly(port, "first")
                break
            await asyncio.sleep(0.1)
        await turns(sayers, 3)
        before = cpu_of(process.pid)
        took = await turns(sayers, given.seconds)
        report("plain LangGraph, PostgreSQL", took, given.seconds, cpu_of(process.pid) - before)
    finally:
        process.terminate()
        process.wait()


async def say_plainly(port: int, thread: str) -> None:
    """One request, one reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"thread": thread, "text": "look"}).encode()
    head = f"POST /say HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    assert b"200 OK" in answer, answer[:200]


def cpu_of(pid: int) -> float:
    """The processor time of a process and of those that it started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    below = [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(cpu_of, below))


def main() -> None:
    """Measure each server once, in places that are gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--customers", type=int, default=16)
    given = parser.parse_args()
    agent = ("--agent", "benchmarks.serve.agents:gated")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with postgres() as database, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        build_shop(database.url)
        asyncio.run(others(database.url, given))
        for name, url, workers in (
            (f"{given.workers} workers, PostgreSQL", database.url, given.workers),
            ("1 worker, SQLite", "", 1),
        ):
            os.environ["SHOPBOT_DATABASE_URL"] = url
            server = ServerProcess(Path(folder) / str(workers), *agent, "--workers", str(workers))
            server.start()
            try:
                asyncio.run(ours(server, name, given))
            finally:
                server.stop()


if __name__ == "__main__":
    main()
