"""Customers talk and return things while workers are killed, PostgreSQL restarts, the carrier fails and mail is down.

At the end nothing counts but what `shopbot audit` finds in databases, mailbox and the carrier's ledger.

python -m benchmarks.scale.chaos --seconds 600 --customers 300 --workers 4
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from benchmarks.scale.database import Postgres, build_shop, postgres
from benchmarks.serve.customer import Customer
from benchmarks.serve.kill import visit
from benchmarks.serve.process import ServerProcess
from shopbot.shop.carrier.sandbox.faults import Fault, Faults, Operation
from shopbot.shop.carrier.sandbox.server import SandboxCarrier
from shopbot.shop.database.connection import open_database
from shopbot.tools.shop.policy_index import open_policies

_ORDERS = """SELECT order_number, email FROM orders JOIN customers ON customers.id = customer_id
    WHERE status = 'delivered' AND delivered_at > now() - interval '10 days' AND NOT EXISTS
    (SELECT 1 FROM returns WHERE returns.order_number = orders.order_number) ORDER BY 1"""


class Unreliable(Faults):
    """A carrier that fails one call in ten and hangs in one of fifty, before or after it has done its work."""

    def take(self, operation: Operation) -> Fault | None:
        """The fault of this call."""
        dice = random.random()
        if dice < 0.02:
            return random.choice((Fault.HANG, Fault.HANG_AFTER))
        if dice < 0.12:
            return random.choice((Fault.SERVER_ERROR, Fault.SERVER_ERROR_AFTER, Fault.DROP, Fault.DROP_AFTER))
        return None


class Chaos:
    """What goes wrong, and how often it did."""

    def __init__(self, server: ServerProcess, database: Postgres, data: Path) -> None:
        self.server, self.database, self.data = server, database, data
        self.happened = Counter[str]()

    async def kill_a_worker(self) -> None:
        """kill -9, or a pause from which it wakes up too late."""
        workers = self.server.workers
        if not workers:
            return
        victim = random.choice(workers)
        if random.random() < 0.2:
            os.kill(victim, signal.SIGSTOP)
            self.happened["worker paused for 12 s"] += 1
            await asyncio.sleep(12)
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGCONT)
        else:
            os.kill(victim, signal.SIGKILL)
            self.happened["worker killed"] += 1

    async def restart_the_database(self) -> None:
        """Stop and start PostgreSQL."""
        await asyncio.to_thread(self.database.restart)
        self.happened["PostgreSQL restarted"] += 1

    async def lose_the_mailbox(self, seconds: float) -> None:
        """For a while nothing can be delivered."""
        mail, away = self.data / "mail", self.data / "mail-away"
        mail.mkdir(exist_ok=True)
        mail.rename(away)
        mail.touch()
        self.happened[f"mail down for {seconds:.0f} s"] += 1
        await asyncio.sleep(seconds)
        mail.unlink()
        away.rename(mail)


async def every(seconds: float, happen: Callable[[], Awaitable[None]]) -> None:
    """Let it happen again and again."""
    while True:
        await asyncio.sleep(seconds)
        await happen()


async def play(chaos: Chaos, orders: list[tuple[str, str]], given: argparse.Namespace) -> int:
    """Let the customers talk through it all; how many messages they sent."""
    customers, said, over = [Customer(chaos.server.port) for _ in orders], [], asyncio.Event()
    await asyncio.gather(*(customer.begin() for customer in customers))
    visits = [
        asyncio.create_task(visit(customer, order, email, said, over))
        for customer, (order, email) in zip(customers, orders, strict=True)
    ]
    disasters = [
        asyncio.create_task(every(given.kill_every, chaos.kill_a_worker)),
        asyncio.create_task(every(given.seconds / 2.5, chaos.restart_the_database)),
    ]
    await asyncio.sleep(given.seconds / 4)
    await chaos.lose_the_mailbox(given.seconds / 10)
    await asyncio.sleep(given.seconds * 0.65)
    for disaster in disasters:
        disaster.cancel()
    over.set()
    _, late = await asyncio.wait(visits, timeout=given.patience)
    for task in late:
        task.cancel()
    print(f"{len(said)} messages of {len(visits)} customers; {len(late)} of them still wait for a reply")
    await asyncio.gather(*(customer.leave() for customer in customers))
    return len(said)


def audit(data: Path, patience: float) -> int:
    """The auditor's report, once everything has settled or patience is at its end; its exit code."""
    command = [sys.executable, "-m", "shopbot.apps", "audit", "--data", str(data)]
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        report = subprocess.run([*command, "--json"], capture_output=True, text=True)
        if report.returncode == 0 and not _under_way(data):
            break
        time.sleep(3)
    return subprocess.run(command).returncode


def _under_way(data: Path) -> int:
    database = open_database(os.environ["SHOPBOT_DATABASE_URL"])
    with database.connect() as connection:
        made = connection.execute(text("SELECT count(*) FROM returns WHERE conversation <> '' AND status <> 'emailed'"))
        count = int(made.scalar_one())
    database.dispose()
    return count


def main() -> None:
    """Play once, in a folder and a database that are gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=5)
    parser.add_argument("--patience", type=float, default=120, help="for what is under way at the end")
    given = parser.parse_args()
    with postgres() as database, tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        build_shop(database.url)
        open_policies(data).close()
        with SandboxCarrier(data / "carrier", faults=Unreliable()) as carrier:
            os.environ.update(
                SHOPBOT_DATABASE_URL=database.url, SHOPBOT_CARRIER_URL=carrier.url, SHOPBOT_CARRIER_TIMEOUT_S="3"
            )
            engine = open_database(database.url)
            with engine.connect() as connection:
                orders = [tuple(row) for row in connection.execute(text(_ORDERS))][: given.customers]
            engine.dispose()
            server = ServerProcess(data, "--workers", str(given.workers))
            chaos = Chaos(server, database, data)
            server.start()
            try:
                asyncio.run(play(chaos, orders, given))
                print(json.dumps(chaos.happened))
                code = audit(data, given.patience)
            finally:
                server.stop()
    raise SystemExit(code)


if __name__ == "__main__":
    main()
