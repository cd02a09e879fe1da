"""What an agent of each trade works with: its actions, a fresh database for each run, its recorded runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.replay.runs import Run, read_tau
from shopbot.prompts import add_prompts
from shopbot.tools import Action, Source

DATA = Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", "../shared/data"))
PARTS = ("grounding", "needs", "confirmation", "rules")
"""What can be left out of every contract, to see what it is good for."""


@dataclass(frozen=True)
class Environment:
    """A trade: `fresh` makes the database that a run begins with, `changing` are the parts of it that writes change."""

    name: str
    actions: Mapping[str, Action]
    fresh: Callable[[Run], Any]
    changing: tuple[str, ...]
    read: Callable[[Path], list[Run]]
    file: Path
    new_ids: tuple[str, ...] = ()
    tools_know_rules: bool = False
    """Whether the benchmark's own tools refuse what the rules forbid: some of its right calls then have no effect."""

    def writes(self, name: str) -> bool:
        """Whether a call of that name changes anything."""
        return name in self.actions and self.actions[name].effect == "write"

    def without(self, part: str) -> Environment:
        """The same with contracts that lack one part."""
        return replace(self, actions={name: _without(part, action) for name, action in self.actions.items()})

    def records(self, store: Any, spoken: str) -> dict[str, str]:
        """Every record that a write of this run may change, as text: those whose id is spoken of, and new ones."""
        return {
            f"{part}/{key}": json.dumps(record, sort_keys=True)
            for part in self.changing
            for key, record in getattr(store, part).items()
            if key in spoken or key in self.new_ids
        }


def _without(part: str, action: Action) -> Action:
    if part == "grounding":
        return replace(action, sources=dict.fromkeys(action.sources, Source.ENGINE))
    if part == "needs":
        return replace(action, needs=())
    return replace(action, confirm=None) if part == "confirmation" else replace(action, rules=())


def environment(name: str) -> Environment:
    """The trade of that name."""
    return {"retail": _retail, "airline": _airline}[name]()


def _retail() -> Environment:
    from examples.tau_retail.clerk import ACTIONS, PROMPTS
    from examples.tau_retail.store import Store, open_store

    whole = open_store(DATA / "tau/retail_db.json.gz")
    users, orders = json.dumps(whole.users), json.dumps(whole.orders)

    def fresh(run: Run) -> Store:
        return Store(json.loads(users), json.loads(orders), whole.products)

    return _made(
        "retail",
        ACTIONS,
        PROMPTS,
        fresh,
        ("users", "orders"),
        read_tau,
        "tau/retail_runs.jsonl.gz",
        tools_know_rules=True,
    )


def _airline() -> Environment:
    from examples.tau_airline.agent import ACTIONS, PROMPTS
    from examples.tau_airline.book import NEW_IDS
    from examples.tau_airline.store import Store, open_store

    whole = open_store(DATA / "tau/airline_db.json.gz")
    users, reservations = json.dumps(whole.users), json.dumps(whole.reservations)

    def fresh(run: Run) -> Store:
        return Store(whole.flights, json.loads(reservations), json.loads(users), run.benchmark == "tau-bench")

    return _made(
        "airline",
        ACTIONS,
        PROMPTS,
        fresh,
        ("users", "reservations"),
        read_tau,
        "tau/airline_runs.jsonl.gz",
        new_ids=NEW_IDS,
    )


def _made(
    name: str,
    actions: Sequence[Action],
    prompts: Path,
    fresh: Callable[[Run], Any],
    changing: tuple[str, ...],
    read: Callable[[Path], list[Run]],
    file: str,
    new_ids: tuple[str, ...] = (),
    tools_know_rules: bool = False,
) -> Environment:
    add_prompts(prompts)
    by_name = {action.name: action for action in actions}
    return Environment(name, by_name, fresh, changing, read, DATA / file, new_ids, tools_know_rules)


def uses(run: Run) -> Iterator[tuple[int, Any]]:
    """Every call of a run with the number of its message."""
    return ((number, call) for number, said in enumerate(run.messages) for call in said.calls)
