"""Simulated customers talk to ShopBot; the state of the shop afterwards says whether they were served.

    python -m benchmarks.simulated_customers [--customers 200] [--times 4] [--engine planner] [--show 20]

Each customer has a goal, a mood and a manner of writing, answers what is asked in wordings that the engine was never
trained on, and comes `times` times with other words. Reported: pass^1, the share of conversations that ended as they
should; pass^k, the chance that k of k conversations of one customer do (Yao et al. 2024, tau-bench).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.simulated.customer import SUM, Customer
from benchmarks.simulated.goals import Goal, draw_goal
from benchmarks.simulated.orders import write_order
from shopbot.agents.turn import Turn
from shopbot.shop.database.models import Label, OrderItem, Return, ReturnItem, Ticket

MOST_TURNS = 16


@dataclass(frozen=True)
class Visit:
    """One conversation: what was said, and what is wrong with how it ended (nothing: it passed)."""

    goal: Goal
    turns: list[Turn]
    fault: str


@dataclass(frozen=True)
class Shopfront:
    """An open shop with ShopBot in it."""

    desk: Any
    agent: Any

    def visit(self, goal: Goal, seed: int) -> Visit:
        """Let one customer talk until they leave, then look at what is there."""
        from shopbot.agents.turn import read_turn

        customer, turns = Customer(goal, seed), []
        config = {"configurable": {"thread_id": f"{goal.bought.number}-{seed}"}}
        message: str | None = customer.open()
        while message and len(turns) < MOST_TURNS:
            state = self.agent.invoke({"messages": [{"role": "user", "content": message}]}, config)
            turns.append(read_turn(state))
            message = customer.answer(turns[-1])
        return Visit(goal, turns, self._fault(goal, turns, config["configurable"]["thread_id"]))

    def _fault(self, goal: Goal, turns: list[Turn], thread: str) -> str:
        made = self._returned(goal.bought.number)
        if made != goal.returns:
            return f"returned {made or 'nothing'} instead of {goal.returns or 'nothing'}"
        done = [action.name for turn in turns for action in turn.actions if action.status == "ok"]
        sought = {
            "track": "track_order",
            "details": "show_order",
            "policy": "search_policies",
            "status": "return_status",
        }
        if goal.kind in sought and sought[goal.kind] not in done:
            return f"{sought[goal.kind]} was not done"
        if goal.kind == "calculate" and "411" not in turns[-1].reply:
            return f"{SUM} was not answered"
        if goal.kind == "policy" and not turns[-1].citations:
            return "the policy was not cited"
        if goal.kind == "stranger" and any(line.name in turn.reply for turn in turns for line in goal.bought.lines):
            return "a stranger was told what was ordered"
        if (goal.kind == "person") != self._has_ticket(thread) and goal.kind != "stranger":
            return "no ticket" if goal.kind == "person" else "handed over for nothing"
        return ""

    def _returned(self, number: str) -> dict[str, int]:
        joined = select(OrderItem.name, ReturnItem.quantity).join(OrderItem, OrderItem.id == ReturnItem.order_item_id)
        of_order = joined.join(Return, Return.id == ReturnItem.return_id).where(Return.order_number == number)
        with Session(self.desk.shop.database) as session:
            units: Counter[str] = Counter()
            for row in session.execute(of_order.join(Label, Label.return_id == Return.id)):
                units[row.name] += row.quantity
            return dict(units)

    def _has_ticket(self, thread: str) -> bool:
        with Session(self.desk.shop.database) as session:
            return session.scalar(select(Ticket.id).where(Ticket.conversation == thread)) is not None


@contextmanager
def shopfront(data: Path, engine: str, *, durable: bool = False) -> Iterator[Shopfront]:
    """The demo shop in an empty folder, open; `durable` keeps its conversations in a file."""
    from langgraph.checkpoint.memory import InMemorySaver

    from shopbot.agents.memory import open_memory
    from shopbot.agents.shopbot import create_shopbot
    from shopbot.engines import make_engine
    from shopbot.shop.settings import load_settings
    from shopbot.shop.shop import open_shop
    from shopbot.tools.shop.services import ShopServices

    settings = load_settings(data=data, engine=engine)
    with ExitStack() as stack:
        desk = ShopServices(stack.enter_context(open_shop(settings)))
        stack.callback(desk.close)
        memory = stack.enter_context(open_memory(settings.data / "conversations.db")) if durable else InMemorySaver()
        yield Shopfront(desk, create_shopbot(make_engine(engine), desk=desk, checkpointer=memory))


def run(customers: int, times: int, engine: str, seed: int = 1) -> list[list[Visit]]:
    """Every customer's visits; each visit has an order of its own, alike but for its number."""
    with tempfile.TemporaryDirectory() as folder, shopfront(Path(folder), engine) as shop:
        return [
            [_visit(shop, draw_goal(place, seed), place, turn, seed) for turn in range(times)]
            for place in range(customers)
        ]


def _visit(shop: Shopfront, goal: Goal, place: int, time: int, seed: int) -> Visit:
    """The `time`-th visit of a customer: the same goal, an order number and an address of its own, other words."""
    number = str(int(goal.bought.number) + 100_000 * time)
    bought = replace(goal.bought, number=number, email=goal.bought.email.replace("@", f".{time}@" if time else "@"))
    write_order(shop.desk.shop.database, bought)
    return shop.visit(replace(goal, bought=bought), seed * 1000 + time)


def pass_hat(visits: list[list[Visit]], k: int) -> float:
    """pass^k: the mean over customers of C(passed, k) / C(visits, k)."""
    shares = [comb(sum(not v.fault for v in mine), k) / comb(len(mine), k) for mine in visits]
    return sum(shares) / len(shares)


def main() -> None:
    """Print pass^1 to pass^k and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--engine", default="planner")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="failed conversations to print")
    wanted = parser.parse_args()
    visits = run(wanted.customers, wanted.times, wanted.engine, wanted.seed)
    for k in range(1, wanted.times + 1):
        print(f"pass^{k}: {pass_hat(visits, k):.3f}")
    failed = [visit for mine in visits for visit in mine if visit.fault]
    print("failed by goal:", Counter(visit.goal.kind for visit in failed).most_common())
    for visit in failed[: wanted.show]:
        print(f"\n--- {visit.goal.kind}, {visit.goal.mood}, {visit.goal.style}: {visit.fault}")
        for turn in visit.turns:
            print(f"  customer: {turn.message}\n  actions:  {[(a.name, dict(a.args)) for a in turn.actions]}")
            print(f"  shopbot:  {' '.join(turn.reply.split())[:240]}")


if __name__ == "__main__":
    main()
