"""kill -9 of the server at random moments under load: is a message lost, answered twice, or a return doubled?

python -m benchmarks.serve.kill --times 20 --customers 12
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks.serve.customer import Customer
from benchmarks.serve.load import SAID
from benchmarks.serve.process import ServerProcess

_ORDERS = """SELECT orders.order_number, customers.email FROM orders JOIN customers ON customers.id = customer_id
    WHERE status = 'delivered' AND delivered_at > datetime('now', '-10 days') AND NOT EXISTS
    (SELECT 1 FROM returns WHERE returns.order_number = orders.order_number) ORDER BY 1 LIMIT ?"""


async def visit(customer: Customer, order: str, email: str, said: list[tuple[str, str]], over: asyncio.Event) -> None:
    """Return everything of an order, then ask this and that until it is over."""

    async def say(text: str, answer: dict[str, str] | None = None) -> None:
        key = secrets.token_hex(8)
        said.append((customer.id, key))
        await customer.say(text, key, answer)

    await say(f"I want to return everything from order {order}, {email}")
    question = next((entry["question"] for entry in reversed(customer.entries) if "question" in entry), None)
    await say("Yes, please.", {"question": question, "value": "yes"} if question else None)
    while not over.is_set():
        await say(random.choice(SAID))


async def play(server: ServerProcess, folder: Path, times: int, count: int) -> None:
    """Kill and start `times` times while the customers talk, then look at what is there."""
    with closing(sqlite3.connect(folder / "shop.db")) as database:
        orders = database.execute(_ORDERS, (count,)).fetchall()
    customers, said, over = [Customer(server.port) for _ in orders], [], asyncio.Event()
    await asyncio.gather(*(customer.begin() for customer in customers))
    visits = [
        asyncio.create_task(visit(customer, order, email, said, over))
        for customer, (order, email) in zip(customers, orders, strict=True)
    ]
    for number in range(1, times + 1):
        await asyncio.sleep(random.uniform(0.2, max(2.5, server.start_s)))  # a slow machine gets as far as a fast one
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        print(f"killed {number} of {times}, {len(said)} messages so far", flush=True)
    over.set()
    await asyncio.gather(*visits)
    await asyncio.gather(*(customer.leave() for customer in customers))
    await asyncio.sleep(10)  # fulfilment is taken up at a start
    report(folder, said, [order for order, _ in orders])


def report(folder: Path, said: list[tuple[str, str]], orders: list[str]) -> None:
    """Print what was lost and what was doubled."""
    with closing(sqlite3.connect(folder / "serve.db")) as store, closing(sqlite3.connect(folder / "shop.db")) as shop:
        kept = Counter(store.execute("SELECT conversation, id FROM entries WHERE speaker = 'customer'").fetchall())
        unanswered = store.execute("SELECT count(*) FROM entries WHERE answered = 0").fetchone()[0]
        failed = store.execute("SELECT count(*) FROM entries WHERE speaker = 'notice'").fetchone()[0]
        bot = store.execute("SELECT count(*) FROM entries WHERE speaker = 'bot'").fetchone()[0]
        marks = ", ".join("?" * len(orders))
        returns = shop.execute(
            f"SELECT order_number, count(*) FROM returns WHERE order_number IN ({marks}) GROUP BY 1", orders
        ).fetchall()
        mails = shop.execute(
            f"SELECT count(*), count(DISTINCT return_id) FROM outbox JOIN returns ON returns.id = return_id"
            f" WHERE order_number IN ({marks})",
            orders,
        ).fetchone()
    lost = [message for message in said if message not in kept]
    again = sum(kept.values()) - len(kept)
    print(f"{len(said)} messages sent, {len(lost)} lost, {again} doubled, {unanswered} unanswered")
    print(f"{bot} replies, {failed} apologies")
    doubled = [order for order, count in returns if count > 1]
    print(f"{len(returns)} of {len(orders)} returns arranged, {len(doubled)} doubled")
    print(f"{mails[0]} mails for {mails[1]} returns")


def main() -> None:
    """Play once, in a folder that is gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--customers", type=int, default=12)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="serve-kill-"))
    server = ServerProcess(folder)
    try:
        server.start()
        asyncio.run(asyncio.wait_for(play(server, folder, given.times, given.customers), 60 + given.times * 60))
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
