"""Replays recorded conversations of other agents through the gate.

    python -m benchmarks.replay retail|airline|state_bench [--runs FILE] [--json] [--ablations] [--cases KIND]

Prints tables, or with --json one object as its last line. The data lie in SHOPBOT_EXTERNAL_DATA (default
../shared/data); `docs/explanation/replayed.md` says where a user gets them.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

from benchmarks.replay.environment import DATA, PARTS, TRADES, environment
from benchmarks.replay.judge import Kind
from benchmarks.replay.report import ablations, by_kind, case, replay_all


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain", choices=tuple(TRADES))
    parser.add_argument("--runs", type=Path, help="other runs in the same format")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--ablations", action="store_true", help="also without each part of the contracts")
    parser.add_argument("--cases", choices=[kind.name.lower() for kind in Kind], help="print the writes of one kind")
    chosen = parser.parse_args()
    if not DATA.is_dir():
        parser.error(f"{DATA} is no folder: set SHOPBOT_EXTERNAL_DATA to where the recorded runs lie")
    logging.disable(logging.ERROR)
    trade = environment(chosen.domain)
    runs = trade.read(chosen.runs or trade.file)
    replayed = replay_all(runs, trade)
    print(by_kind(chosen.domain, replayed.writes))
    for compared in (c for c in replayed.compared if not (c.same or c.injected)):
        print(f"\nnot the recorded answer: {compared.run} {compared.use.name} {dict(compared.use.args)}")
        print(f"    recorded: {str(compared.use.answer)[:300]}\n    ours:     {compared.ours[:300]}")
    for run, use, reason in (each for each in replayed.gold if each[2]):
        print(f"\na right write blocked ({reason}): {run.name} {use.name} {dict(use.args)}")
    if chosen.cases:
        print(*(case(w) for w in replayed.writes if w.kind.name.lower() == chosen.cases), sep="\n\n")
    if chosen.ablations:
        print("\n" + ablations(runs, trade, PARTS))
    if chosen.json:
        print(json.dumps(replayed.summary()))


if __name__ == "__main__":
    main()
