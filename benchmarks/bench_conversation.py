"""How long a reply takes in the middle of a conversation, with the embedded engine and every part real.

Plays the demonstration's messages over and over in shops of their own and prints the median and the 95th percentile
of each kind of reply, in milliseconds, and the CPU seconds of `shopbot --help`. The reply that arranges the return is
listed apart: it waits for the carrier and the mail.

    .venv/bin/python benchmarks/bench_conversation.py [ROUNDS]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from shopbot.apps.session import open_conversation
from shopbot.apps.warming import warm_up
from shopbot.prompts import load_data


def main(rounds: int) -> None:
    """Print the table."""
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            with open_conversation(Path(folder) / str(number), "planner", "bench") as conversation:
                warm_up(conversation)
                _play(conversation, times)
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {rounds} rounds\n")
    print("| reply after | median ms | p95 ms |\n|---|---|---|")
    for kind, found in times.items():
        print(f"| {kind} | {statistics.median(found):.0f} | {_percentile(found, 95):.0f} |")
    middle = [ms for kind, found in times.items() if kind not in ("opening", "arrange_return") for ms in found]
    print(f"\nin the middle of a conversation: median {statistics.median(middle):.0f} ms, ", end="")
    print(f"p95 {_percentile(middle, 95):.0f} ms")
    print(f"shopbot --help: {_help_seconds():.2f} s CPU")


def _play(conversation: object, times: dict[str, list[float]]) -> None:
    for place, message in enumerate(load_data("demo/return.yaml")):
        answer = conversation.say(message)  # type: ignore[attr-defined]
        last = answer.turn.actions[-1].name if answer.turn.actions else "words alone"
        times["opening" if place == 0 else last].append(answer.ms)


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * len(ordered)))]


def _help_seconds() -> float:
    """The CPU seconds, user and system, of one `shopbot --help`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = Path(sys.executable).with_name("shopbot")
    subprocess.run([str(command), "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
