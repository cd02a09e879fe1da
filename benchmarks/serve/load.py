"""`shopbot serve` under load: turns a second, time to the first event and to the end of the turn, memory.

python -m benchmarks.serve.load --rate 50 --seconds 120 --conversations 200
python -m benchmarks.serve.load --agent gated      a scripted model of no latency behind the gate
python -m benchmarks.serve.load --agent plain      the same on LangChain's `create_agent`, without the gate
python -m benchmarks.serve.load --agent by-hand    the same as somebody serves it themselves (`benchmarks.serve.plain`)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import shutil
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.serve.customer import Customer
from benchmarks.serve.process import PlainProcess, ServerProcess

SAID = (
    "How long do I have to return something?",
    "Hello!",
    "What does return shipping cost?",
    "What is 15% of 59.90?",
    "Where is my order 123457?",
    "Can I return opened software?",
)


async def load(port: int, conversations: int, rate: float, seconds: float) -> tuple[list[tuple[float, float]], float]:
    """Begin the conversations, then say something in one of them `rate` times a second; the times of every turn."""
    customers = [Customer(port) for _ in range(conversations)]
    await asyncio.gather(*(customer.begin() for customer in customers))
    free, times = list(customers), []
    began = time.perf_counter()

    async def turn(customer: Customer) -> None:
        times.append(await customer.say(random.choice(SAID), secrets.token_hex(8)))
        free.append(customer)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            while not free:
                await asyncio.sleep(0.005)
            group.create_task(turn(free.pop(random.randrange(len(free)))))
    took = time.perf_counter() - began
    await asyncio.gather(*(customer.leave() for customer in customers))
    return times, took


async def idle(port: int, count: int) -> list[Customer]:
    """Conversations in which somebody listens and nobody speaks."""
    customers = [Customer(port) for _ in range(count)]
    for start in range(0, count, 50):
        await asyncio.gather(*(customer.begin() for customer in customers[start : start + 50]))
    await asyncio.sleep(3)
    return customers


async def measure(server: ServerProcess, given: argparse.Namespace) -> None:
    """Print the figures."""
    print(f"answers after {server.start_s:.1f} s; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    await load(server.port, 4, 4, 3)  # what is loaded on first use
    before, cpu = server.megabytes, server.cpu_s
    times, took = await load(server.port, given.conversations, given.rate, given.seconds)
    cpu = (server.cpu_s - cpu) / len(times)
    first, whole = (sorted(each) for each in zip(*times, strict=True))
    print(f"{len(times)} turns in {took:.1f} s: {len(times) / took:.1f} a second, {cpu * 1000:.1f} ms of CPU each")
    for name, ordered in (("first event", first), ("whole turn", whole)):
        print(f"{name}: median {_ms(ordered, 0.5)}, p95 {_ms(ordered, 0.95)}, p99 {_ms(ordered, 0.99)}")
    print(f"memory: {before:.0f} MB before, {server.megabytes:.0f} MB after")
    before = server.megabytes
    listening = await idle(server.port, given.idle)
    print(f"{given.idle} idle event streams: {server.megabytes - before:.0f} MB more")
    await asyncio.gather(*(customer.leave() for customer in listening))


def _ms(ordered: list[float], share: float) -> str:
    return f"{1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.0f} ms"


def main() -> None:
    """Measure once, in a folder that is gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--agent", choices=["shopbot", "gated", "plain", "by-hand"], default="shopbot")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="serve-load-"))
    own = () if given.agent == "shopbot" else ("--agent", f"benchmarks.serve.agents:{given.agent}")
    server = PlainProcess(folder) if given.agent == "by-hand" else ServerProcess(folder, *own)
    try:
        server.start()
        with closing(asyncio.new_event_loop()) as loop:
            loop.run_until_complete(asyncio.wait_for(measure(server, given), given.seconds * 4 + 120))
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
