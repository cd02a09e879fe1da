"""What an agent of each trade works with: its actions, a fresh database for each run, its recorded runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.replay.runs import Run, read_tau
from benchmarks.replay.state_bench import read_state_bench
from shopbot.agents.config import utc_now
from shopbot.prompts import add_prompts
from shopbot.tools import Action, Rule, Source

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
    now: Callable[[], datetime] = utc_now
    told_by_tools: Callable[[Rule], bool] = lambda rule: False
    """Whether the benchmark's own tool refuses what breaks the rule: some of its right calls then have no effect."""

    called: Callable[[Any], Sequence[str]] = lambda value: ()
    """How people call what an id stands for."""

    def writes(self, name: str) -> bool:
        """Whether a call of that name changes anything."""
        return name in self.actions and self.actions[name].effect == "write"

    def without(self, part: str) -> Environment:
        """The same with contracts that lack one part."""
        return replace(self, actions={name: without(part, action) for name, action in self.actions.items()})

    def records(self, store: Any, run: Run) -> dict[str, str]:
        """Every record that a write of this run may change, as text: those whose id is spoken of, and new ones."""
        parts = {part: getattr(store, part) for part in self.changing}
        keys = _touched(run, *parts.values()) | set(self.new_ids)
        return {
            f"{part}/{key}": json.dumps(records[key], sort_keys=True)
            for part, records in parts.items()
            for key in keys & records.keys()
        }


def without(part: str, action: Action) -> Action:
    """The action with a contract that lacks one part."""
    if part == "grounding":
        return replace(action, sources=dict.fromkeys(action.sources, Source.ENGINE))
    if part == "needs":
        return replace(action, needs=())
    return replace(action, confirm=None) if part == "confirmation" else replace(action, rules=())


def environment(name: str) -> Environment:
    """The trade of that name."""
    return TRADES[name]()


def _retail() -> Environment:
    from examples.tau_retail.clerk import ACTIONS, PROMPTS
    from examples.tau_retail.rules import is_own_order, is_the_customer
    from examples.tau_retail.store import Store, open_store

    whole = open_store(DATA / "tau/retail_db.json.gz")
    items = {item: [product["name"].lower()] for product in whole.products.values() for item in product["variants"]}

    def fresh(run: Run) -> Store:
        keys = _touched(run, whole.users, whole.orders)
        return Store(_copied(whole.users, keys), _copied(whole.orders, keys), whole.products)

    return _made(
        "retail",
        ACTIONS,
        PROMPTS,
        fresh,
        ("users", "orders"),
        read_tau,
        "tau/retail_runs.jsonl.gz",
        told_by_tools=lambda rule: rule not in (is_own_order, is_the_customer),
        called=lambda value: (*_means(whole.users, value), *items.get(value, ())),
    )


def _airline() -> Environment:
    from examples.tau_airline.agent import ACTIONS, PROMPTS
    from examples.tau_airline.book import NEW_IDS
    from examples.tau_airline.store import NOW, Store, open_store

    whole = open_store(DATA / "tau/airline_db.json.gz")

    def fresh(run: Run) -> Store:
        keys = _touched(run, whole.users, whole.reservations)
        reservations, users = _copied(whole.reservations, keys), _copied(whole.users, keys)
        return Store(whole.flights, reservations, users, run.benchmark == "tau-bench")

    return _made(
        "airline",
        ACTIONS,
        PROMPTS,
        fresh,
        ("users", "reservations"),
        read_tau,
        "tau/airline_runs.jsonl.gz",
        new_ids=NEW_IDS,
        now=lambda: NOW.replace(tzinfo=UTC),
        called=lambda value: _means(whole.users, value),
    )


def _means(users: Mapping[str, Any], value: Any) -> list[str]:
    """How people call a way to pay: by its kind, its brand, its last digits, or as the one used before."""
    methods = (user["payment_methods"].get(value) for user in users.values())
    method = next((method for method in methods if method), None)
    if method is None:
        return []
    named = [str(method[key]).lower() for key in ("last_four", "brand") if key in method]
    return [str(method["source"]).replace("_", " "), "original", "on file", *named]


def _state_bench() -> Environment:
    from examples.state_bench_support import ACTIONS, Store
    from examples.state_bench_support.exchange import in_time
    from examples.state_bench_support.rules import is_active

    policies = json.loads((DATA / "state_bench/policies.json").read_text(encoding="utf-8"))

    def fresh(run: Run) -> Store:
        return Store(**deepcopy(dict(run.start)), policies=policies)

    file = "state_bench/customer_support_runs.jsonl.gz"
    changing = ("orders", "warranties")
    return _made(
        "state_bench",
        ACTIONS,
        None,
        fresh,
        changing,
        read_state_bench,
        file,
        told_by_tools=(is_active, in_time).__contains__,
    )


TRADES = {"retail": _retail, "airline": _airline, "state_bench": _state_bench}


def _made(
    name: str,
    actions: Sequence[Action],
    prompts: Path | None,
    fresh: Callable[[Run], Any],
    changing: tuple[str, ...],
    read: Callable[[Path], list[Run]],
    file: str,
    new_ids: tuple[str, ...] = (),
    now: Callable[[], datetime] = utc_now,
    told_by_tools: Callable[[Rule], bool] = lambda rule: False,
    called: Callable[[Any], Sequence[str]] = lambda value: (),
) -> Environment:
    if prompts:
        add_prompts(prompts)
    by_name = {action.name: action for action in actions}
    return Environment(name, by_name, fresh, changing, read, DATA / file, new_ids, now, told_by_tools, called)


def _touched(run: Run, *parts: Mapping[str, Any]) -> frozenset[str]:
    """The ids of all records that a run can change: those it speaks of, and their owners."""
    spoken = (records[key] for records in parts for key in run.spoken & records.keys())
    return run.spoken | {record["user_id"] for record in spoken if "user_id" in record}


def _copied(records: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {**records, **{key: deepcopy(records[key]) for key in keys & records.keys()}}


def uses(run: Run) -> Iterator[tuple[int, Any]]:
    """Every call of a run with the number of its message."""
    return ((number, call) for number, said in enumerate(run.messages) for call in said.calls)
