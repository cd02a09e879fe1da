"""Grounding by kind: of generated values, how many given ones are refused and how many near misses are accepted.

python -m benchmarks.grounding [--count 5000] [--seed 7] [--show 5]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.grounding_cases import KINDS, Case, cases
from shopbot.agents.grounding import is_grounded


@dataclass(frozen=True)
class Outcome:
    """What went wrong in the cases of one kind."""

    given: int
    near_misses: int
    refused: list[Case]
    accepted: list[tuple[str, object]]


def measure(kind: str, count: int, seed: int = 7) -> Outcome:
    """Ask for every value and every near miss of `count` cases."""
    refused: list[Case] = []
    accepted: list[tuple[str, object]] = []
    asked = 0
    for case in cases(kind, count, seed):
        asked += len(case.near_misses)
        if not is_grounded(case.value, [case.text]):
            refused.append(case)
        accepted += [(case.text, miss) for miss in case.near_misses if is_grounded(miss, [case.text])]
    return Outcome(count, asked, refused, accepted)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=5000)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--show", type=int, default=0)
    chosen = options.parse_args()
    print("| kind | given | refused | near misses | accepted |\n|---|---|---|---|---|")
    for kind in KINDS:
        outcome = measure(kind, chosen.count, chosen.seed)
        share = len(outcome.refused) / outcome.given
        print(f"| {kind} | {outcome.given} | {share:.2%} | {outcome.near_misses} | {len(outcome.accepted)} |")
        for wrong in [*outcome.refused[: chosen.show], *outcome.accepted[: chosen.show]]:
            print("   ", wrong)


if __name__ == "__main__":
    main()
