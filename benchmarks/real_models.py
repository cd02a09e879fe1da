"""Real language models serve simulated customers; the shop's state afterwards says whether they did.

    python -m benchmarks.real_models --models DIR [--customers 60] [--rows guided,cascade] [--only qwen-0.5b]

Rows: `plain` (LangChain's own `create_agent` with the same functions as tools, over llama.cpp's real server), `hosted`
(ShopBot with `openai:` over that server), `gate` (ShopBot, free arguments), `grounded` (only what was said can be
decoded), `guided` (everything), `cascade` (the planner first). One process, one model at a time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.real.leaks import shows_insides
from benchmarks.real.rows import ROWS, open_row
from benchmarks.simulated.goals import draw_goal
from benchmarks.simulated.orders import write_order
from benchmarks.simulated_customers import Shopfront, Visit
from shopbot.shop.settings import load_settings

MODELS = ("smollm2-135m", "qwen-0.5b", "qwen-1.5b")


@dataclass
class Figures:
    """What one row came to."""

    visits: list[Visit] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    calls: int = 0
    tokens: int = 0
    leaks: list[str] = field(default_factory=list)

    @property
    def wrong_writes(self) -> int:
        """Conversations that left something returned that nobody wanted returned."""
        return sum(
            visit.fault.startswith("returned ") and not visit.fault.startswith("returned nothing")
            for visit in self.visits
        )

    def line(self, model: str, row: str) -> str:
        """The row of the table."""
        served = sum(not visit.fault for visit in self.visits)
        turns, ordered = len(self.seconds), sorted(self.seconds)
        late = ordered[int(0.95 * (turns - 1))] if turns else 0.0
        return (
            f"| {model} | {row} | {served}/{len(self.visits)} | {self.wrong_writes} | {len(self.leaks)} "
            f"| {self.calls / max(turns, 1):.2f} | {self.tokens / max(turns, 1):,.0f} "
            f"| {statistics.median(ordered or [0]):.1f} / {late:.1f} | {_memory():,.0f} |"
        )


_COLUMNS = (
    *("model", "row", "served", "wrong writes", "insides shown", "steps of the engine a turn", "tokens a turn"),
    *("s a turn, median / p95", "MB"),
)
HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


class Timed:
    """An agent whose turns are timed, counted and read for what must not be shown."""

    def __init__(self, agent: Any, figures: Figures) -> None:
        self._agent, self._figures = agent, figures

    def invoke(self, given: Any, config: Any) -> Any:
        """As the agent's."""
        started = time.perf_counter()
        state = self._agent.invoke(given, config)
        self._figures.seconds.append(time.perf_counter() - started)
        spent = state["spent"]["turn"]
        self._figures.calls += spent["calls"]
        self._figures.tokens += spent["tokens"]
        reply = state["messages"][-1].text
        if shows_insides(reply):
            self._figures.leaks.append(reply)
        return state


def run(model: Path, row: str, customers: int, seed: int, threads: int | None = None) -> Figures:
    """One row: every customer once."""
    figures = Figures()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_row(row, model, load_settings(data=Path(folder)), threads) as (desk, agent),
    ):
        shop = Shopfront(desk, Timed(agent, figures))
        for place in range(customers):
            goal = draw_goal(place, seed)
            write_order(desk.shop.database, goal.bought)
            visit = shop.visit(goal, seed)
            figures.visits.append(visit)
            _tell(visit)
    return figures


def _tell(visit: Visit) -> None:
    print(f"{visit.goal.kind}, {visit.goal.style}: {visit.fault or 'served'}", file=sys.stderr, flush=True)
    for turn in visit.turns if visit.fault else ():
        print(
            f"  customer: {turn.message}\n  actions:  {[(a.name, dict(a.args)) for a in turn.actions]}", file=sys.stderr
        )
        print(f"  shopbot:  {' '.join(turn.reply.split())[:200]}", file=sys.stderr, flush=True)


def _memory() -> float:
    """The most memory that this process had, in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="the folder with the GGUF files")
    parser.add_argument("--only", choices=MODELS, action="append")
    parser.add_argument("--rows", default="guided")
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="cores for a model; by default all, which a busy machine punishes")
    wanted = parser.parse_args()
    print(HEAD, flush=True)
    for name in wanted.only or MODELS:
        file = wanted.models / f"{name}.gguf"
        if not file.exists():
            print(f"| {name} | skipped: {file} is not there; shopbot models fetch {name} |", flush=True)
            continue
        for row in wanted.rows.split(","):
            if row not in ROWS:
                parser.error(f"there is no row {row!r}: {', '.join(ROWS)}")
            print(run(file, row, wanted.customers, wanted.seed, wanted.threads).line(name, row), flush=True)


if __name__ == "__main__":
    main()
