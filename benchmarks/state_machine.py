"""Customers, lying engines, accidents and a changing shop against every promise of the gate, and real kills.

    .venv/bin/python -m benchmarks.state_machine [STEPS] [--seed 1] [--kills 12]

A hypothesis state machine (`tests/promises/machine.py`) plays against the real shop: orders in SQLite, for every tenth
step in PostgreSQL, fulfilment with the sandbox carrier and a mail folder. After every step: no return, label or e-mail
without a clear yes to exactly its terms in the message right before; at most one a yes; what was said of them is true;
no order detail before verification; every message kept. Then processes are killed for good (SIGKILL) at moments of the
turn that arranges a return, and the next process has to say what became of it. Ends with status 1 when a promise is
broken.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.scale.database import build_shop, postgres
from shopbot.shop.settings import load_settings
from tests.promises.machine import ShopMachine, machine_in
from tests.promises.machine_shop import open_world

RUN = 50
ORDER, ADDRESS = "123456", "maria.lopez@example.com"


class Played:
    """Steps by kind, what came of them, seconds, and the promise that was broken, if one was."""

    def __init__(self) -> None:
        self.steps, self.effects = Counter[str](), Counter[str]()
        self.seconds, self.broken = 0.0, ""

    def play(self, steps: int, with_seed: int, url: str | None = None) -> None:
        """Play that many steps more, in the database at `url`, else in a SQLite file."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            place = load_settings(data=Path(folder), database_url=url)
            if url is not None:
                build_shop(url)
            with open_world(place) as world:
                machine = machine_in(world)
                while machine.steps.total() < steps and not self.broken:
                    self.broken = _broken_in(machine, min(400, -(-(steps - machine.steps.total()) // RUN)), with_seed)
                    with_seed += 1
        self.steps += machine.steps
        self.effects += machine.effects
        self.seconds += time.monotonic() - began


def _broken_in(machine: type[ShopMachine], runs: int, with_seed: int) -> str:
    """Play so many runs; the promise that was broken."""
    wanted = settings(
        max_examples=runs, stateful_step_count=RUN, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    try:
        run_state_machine_as_test(seed(with_seed)(machine), settings=wanted)
    except AssertionError as violation:
        return f"{violation}\n" + "\n".join(getattr(violation, "__notes__", ()))
    return ""


def kill(moment: float) -> str:
    """Kill a process so many seconds after the customer's yes; the fault in what the next one says, if there is one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SHOPBOT_DATA": folder}
        chat = [sys.executable, "-m", "shopbot.apps", "chat", "--json", "--thread", "killed"]
        opening = f"I'd like to return the jeans from order {ORDER}, my e-mail is {ADDRESS}\n"
        with subprocess.Popen(
            chat, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as first:
            assert first.stdin is not None and first.stdout is not None
            first.stdin.write(opening)
            first.stdin.flush()
            if '"confirmation"' not in first.stdout.readline():
                return "nothing was asked"
            first.stdin.write("yes\n")
            first.stdin.flush()
            time.sleep(moment)
            first.send_signal(signal.SIGKILL)
            read = first.stdout.read()
        then = subprocess.run(
            chat, env=environment, input="never mind\n", capture_output=True, text=True, timeout=120, check=False
        )
        return _fault(read, then.stdout, Path(folder))


def _fault(before: str, after: str, data: Path) -> str:
    import sqlite3

    with sqlite3.connect(data / "shop.db") as database:
        made = [row[0] for row in database.execute("SELECT id FROM returns WHERE conversation != ''")]
        mails = database.execute("SELECT count(*) FROM outbox").fetchone()[0]
    told = {int(number) for number in re.findall(r"[Rr]eturn R(\d+)", before + after)}
    if len(made) > 1 or mails > len(made):
        return f"{len(made)} returns and {mails} e-mails"
    if set(made) != told:
        return f"returns {made}, told of {sorted(told)}: {after!r}"
    return ""


def main() -> int:
    """Print what was played as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="?", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=12)
    wanted = parser.parse_args()
    logging.disable(logging.CRITICAL)
    played = Played()
    played.play(wanted.steps - wanted.steps // 10, wanted.seed)
    with postgres(durable=False) as server:
        played.play(wanted.steps // 10, wanted.seed, server.url)
    print("| step | times |\n|---|---:|")
    for name, times in [*sorted(played.steps.items()), ("all", played.steps.total())]:
        print(f"| {name} | {times:,} |")
    faults = [fault for place in range(wanted.kills) if (fault := kill(0.1 * place))]
    print("\n| came of it | |\n|---|---:|")
    for name, times in played.effects.items():
        print(f"| {name} | {times:,} |")
    print(f"| violations | {int(bool(played.broken))} |\n| seconds | {played.seconds:,.0f} |")
    print(f"| processes killed with SIGKILL | {wanted.kills} |\n| violations after a kill | {len(faults)} |")
    print(*filter(None, [played.broken, *faults]), sep="\n", file=sys.stderr)
    return int(bool(played.broken or faults))


if __name__ == "__main__":
    sys.exit(main())
