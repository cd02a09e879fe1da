"""Runs tasks of tau2-bench against an agent behind the gate, and prints pass^k.

python -m benchmarks.tau_live retail|airline --engine SPEC --user MODEL [--tasks N] [--trials K] [--plain] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.tau_live.simulate import NoBenchmark, customer, pass_hat, simulate, tau2
from shopbot.engines import make_engine


def main() -> None:
    """Run, and print one line a task, then pass^k."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain", choices=("retail", "airline"))
    parser.add_argument("--engine", required=True, help="what reasons, as a spec: openai:gpt-4.1, llama:FILE.gguf, …")
    parser.add_argument("--user", required=True, help="the model that plays the customers, as the benchmark names it")
    parser.add_argument("--tasks", type=int, default=None, help="how many of the tasks; all by default")
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="with contracts that demand nothing: the gate off")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    chosen = parser.parse_args()
    try:
        tasks = tau2("registry").registry.get_tasks_loader(chosen.domain)()[: chosen.tasks]
    except NoBenchmark as error:
        sys.exit(str(error))
    engine, successes = make_engine(chosen.engine), []
    for task in tasks:
        runs = [
            simulate(chosen.domain, task, engine, customer(task, chosen.user), plain=chosen.plain)
            for _ in range(chosen.trials)
        ]
        successes.append(sum(run.reward_info.reward == 1.0 for run in runs))
        print(f"task {task.id}: {successes[-1]} of {chosen.trials}", flush=True)
    reached = pass_hat(successes, chosen.trials)
    print(*(f"pass^{k}: {share:.3f}" for k, share in reached.items()), sep="\n")
    if chosen.json:
        gate = "off" if chosen.plain else "on"
        print(json.dumps({"domain": chosen.domain, "gate": gate, "tasks": len(tasks), "pass": reached}))


if __name__ == "__main__":
    main()
