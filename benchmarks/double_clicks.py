"""Customers who click eight times at once, and shops that open and close: nothing lost, nothing twice, nothing left.

    python -m benchmarks.double_clicks [--conversations 64] [--clicks 8] [--cycles 200]

Simulated customers talk to ShopBot up to its question before the label; then every one of them sends the same yes
several times at the same moment, once from threads and once in one event loop, in a shop on SQLite. Counted are the
returns, the labels and the e-mails of each conversation, and the customers' messages that its history holds. Then
`create_shopbot` is called and dropped, cycle after cycle; counted are the open descriptors and the threads.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.simulated.customer import Customer
from benchmarks.simulated.goals import Goal, draw_goal
from benchmarks.simulated.orders import write_order
from benchmarks.simulated_customers import MOST_TURNS, Shopfront, shopfront
from shopbot.agents.turn import read_turn
from shopbot.shop.database.models import Label, OutboxMail, Return

YES = "yes, please send me the label"
_WARM_UP = 3
_SETTLE_S = 30


@dataclass
class Conversation:
    """One customer at the question before the label; `said` counts the messages sent so far."""

    goal: Goal
    said: int = 0

    @property
    def config(self) -> Any:
        """The configuration of its calls."""
        return {"configurable": {"thread_id": self.goal.bought.number}}


def given(words: str) -> Any:
    """One message of a customer, as an agent's input."""
    return {"messages": [{"role": "user", "content": words}]}


def at_the_question(shop: Shopfront, count: int) -> list[Conversation]:
    """`count` conversations that wait for a yes; customers whose wording ShopBot does not follow are left out."""
    found: list[Conversation] = []
    place = 0
    while len(found) < count:
        goal = replace(draw_goal(place * 20, seed=5), style="plain", mood="calm")  # 20 kinds of goals; this one returns
        write_order(shop.desk.shop.database, goal.bought)
        conversation = Conversation(goal)
        if _asked(shop, conversation):
            found.append(conversation)
        place += 1
    return found


def _asked(shop: Shopfront, conversation: Conversation) -> bool:
    customer = Customer(conversation.goal, seed=5)
    message: str | None = customer.open()
    while message and conversation.said < MOST_TURNS:
        turn = read_turn(shop.agent.invoke(given(message), conversation.config))
        conversation.said += 1
        if turn.awaiting == "confirmation":
            return True
        message = customer.answer(turn)
    return False


def from_threads(shop: Shopfront, conversations: list[Conversation], clicks: int) -> None:
    """Every click in a thread of its own pool's, all conversations mixed."""
    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda each: shop.agent.invoke(given(YES), each.config), conversations * clicks))


def in_one_loop(shop: Shopfront, conversations: list[Conversation], clicks: int) -> None:
    """All clicks as tasks of one event loop."""

    async def click() -> None:
        await asyncio.gather(*(shop.agent.ainvoke(given(YES), each.config) for each in conversations * clicks))

    asyncio.run(click())


def outcome(shop: Shopfront, conversations: list[Conversation], clicks: int) -> Counter[str]:
    """What the conversations came to, counted."""
    found: Counter[str] = Counter()
    deadline = time.monotonic() + _SETTLE_S
    numbers = [each.goal.bought.number for each in conversations]
    while _mails(shop, numbers) < len(numbers) and time.monotonic() < deadline:
        time.sleep(0.2)
    with Session(shop.desk.shop.database) as session:
        for each in conversations:
            of_order = select(Return.id).where(Return.order_number == each.goal.bought.number)
            found["returns"] += len(session.scalars(of_order).all())
            labels = select(func.count()).select_from(Label).where(Label.return_id.in_(of_order))
            found["labels"] += session.scalar(labels) or 0
            messages = shop.agent.get_state(each.config).values["messages"]
            found["messages kept"] += sum(message.type == "human" for message in messages)
            found["messages sent"] += each.said + clicks
    found["e-mails"] = _mails(shop, numbers)
    return found


def _mails(shop: Shopfront, numbers: list[str]) -> int:
    of_orders = select(Return.id).where(Return.order_number.in_(numbers))
    with Session(shop.desk.shop.database) as session:
        return (
            session.scalar(select(func.count()).select_from(OutboxMail).where(OutboxMail.return_id.in_(of_orders))) or 0
        )


@contextmanager
def own_shop() -> Iterator[None]:
    """A data folder of its own for shops that are opened by environment alone."""
    import os

    with tempfile.TemporaryDirectory() as folder:
        os.environ["SHOPBOT_DATA"] = folder
        yield


def resources() -> tuple[int, int]:
    """Open descriptors and threads of this process, once the shops that are closing are closed."""
    gc.collect()
    deadline = time.monotonic() + _SETTLE_S
    while any(thread.name == "closing shop" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def open_and_drop(cycles: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Descriptors and threads after a few cycles, and after `cycles` more."""
    from shopbot.agents.shopbot import create_shopbot

    with own_shop():
        for _ in range(_WARM_UP):
            create_shopbot("planner")
        before = resources()
        for _ in range(cycles):
            create_shopbot("planner")
            gc.collect()
        return before, resources()


def main() -> int:
    """Print what was counted; returns 1 if anything was lost, done twice or left open."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=64)
    parser.add_argument("--clicks", type=int, default=8)
    parser.add_argument("--cycles", type=int, default=200)
    wanted = parser.parse_args()
    ways: dict[str, Callable[[Shopfront, list[Conversation], int], None]] = {
        "from threads": from_threads,
        "in one event loop": in_one_loop,
    }
    faults = 0
    print("| clicks | conversations | returns | labels | e-mails | messages sent | messages kept |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as folder, shopfront(Path(folder), "planner", durable=True) as shop:
            conversations = at_the_question(shop, wanted.conversations)
            way(shop, conversations, wanted.clicks)
            found = outcome(shop, conversations, wanted.clicks)
            counts = [found[key] for key in ("returns", "labels", "e-mails", "messages sent", "messages kept")]
            print(f"| {wanted.clicks} each, {name} | {wanted.conversations} | {' | '.join(map(str, counts))} |")
            faults += any(count != wanted.conversations for count in counts[:3]) or counts[3] != counts[4]
    before, after = open_and_drop(wanted.cycles)
    print(f"\n{wanted.cycles} shops opened and closed: descriptors, threads {before} before, {after} after")
    return int(faults or after != before)


if __name__ == "__main__":
    sys.exit(main())
