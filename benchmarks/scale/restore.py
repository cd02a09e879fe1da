"""Is a copy that was taken while customers write a shop in which everything fits? In files, then in PostgreSQL.

Customers return things at a running server, `shopbot backup` copies the shop several times meanwhile, and every copy
is restored, served for a while, so that what was under way goes on, and judged by `shopbot audit`.

python -m benchmarks.scale.restore --customers 8 --copies 3
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from benchmarks.scale.database import Postgres, build_shop, postgres
from benchmarks.serve.customer import Customer
from benchmarks.serve.kill import visit
from benchmarks.serve.process import ServerProcess
from shopbot.apps.care.backup import DUMP, run_backup
from shopbot.shop.database.connection import open_database
from shopbot.shop.settings import load_settings
from shopbot.tools.shop.policy_index import open_policies

URL = "SHOPBOT_DATABASE_URL"
_ORDERS = """SELECT order_number, email FROM orders JOIN customers ON customers.id = customer_id
    WHERE status = 'delivered' AND NOT EXISTS (SELECT 1 FROM returns WHERE returns.order_number = orders.order_number)
    ORDER BY delivered_at DESC LIMIT :count"""


async def copied_meanwhile(server: ServerProcess, data: Path, given: argparse.Namespace) -> list[Path]:
    """Let customers return things, and copy the shop while they do; the copies."""
    database = open_database(load_settings(data=data).shop_database_url)
    with database.connect() as connection:
        orders = connection.execute(text(_ORDERS), {"count": given.customers}).all()
    database.dispose()
    customers, said, over = [Customer(server.port) for _ in orders], list[tuple[str, str]](), asyncio.Event()
    await asyncio.gather(*(customer.begin() for customer in customers))
    visits = [asyncio.create_task(visit(c, o, e, said, over)) for c, (o, e) in zip(customers, orders, strict=True)]
    copies = [data.with_name(f"{data.name}-copy-{number}") for number in range(given.copies)]
    for copy in copies:
        await asyncio.sleep(given.pause)
        await asyncio.to_thread(run_backup, data=data, folder=copy)
    over.set()
    await asyncio.gather(*visits)
    await asyncio.gather(*(customer.leave() for customer in customers))
    return copies


def judged(copy: Path, patience_s: float) -> int:
    """Serve a copy until everything in it fits, or patience is at its end; the auditor's exit code."""
    command = [sys.executable, "-m", "shopbot.apps", "audit", "--data", str(copy)]
    server = ServerProcess(copy)
    server.start()
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and subprocess.run(command, capture_output=True).returncode:
        time.sleep(2)
    server.stop()
    return subprocess.run(command).returncode


def restored(database: Postgres, copy: Path) -> str:
    """A new database with what was dumped; its URL."""
    name = copy.name.replace("-", "_")
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = make_url(database.url).set(database=name).render_as_string(hide_password=False)
    subprocess.run(["pg_restore", f"--dbname={url}", str(copy / DUMP)], check=True)
    return url


def play(data: Path, given: argparse.Namespace, database: Postgres | None = None) -> int:
    """Copy a served shop, restore the copies and have them judged; how many do not fit."""
    os.environ[URL] = database.url if database else ""
    build_shop(load_settings(data=data).shop_database_url)
    open_policies(data).close()
    server = ServerProcess(data)
    server.start()
    try:
        copies = asyncio.run(copied_meanwhile(server, data, given))
    finally:
        server.stop()
    failed = 0
    for copy in copies:
        os.environ[URL] = restored(database, copy) if database else ""
        failed += judged(copy, given.patience)
    return failed


def main() -> None:
    """Try both once, in places that are gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=8)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--pause", type=float, default=3, help="seconds before each copy")
    parser.add_argument("--patience", type=float, default=60, help="seconds for what was under way in a copy")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="restore-", ignore_cleanup_errors=True) as folder, postgres() as database:
        failed = play(Path(folder) / "files", given) + play(Path(folder) / "server", given, database)
    print(f"{failed} of {2 * given.copies} copies do not fit")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
