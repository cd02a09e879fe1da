"""Does the embedded planner take the right next step for a message in words that it was never trained on?

    python -m benchmarks.next_action [--split test] [--count 3000] [--model FILE]

The next action that follows from what a message really does (its labels) is compared with the one that follows from
what the reader reads in it; where they are the same, so are their arguments. Also: requests outside the shop's
business, told from the rest, and how far the reader's confidence can be believed (expected calibration error).
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import HumanMessage

from shopbot.engines.protocol import Briefing
from shopbot.engines.shopbot.proposals import Proposal, next_proposal
from shopbot.engines.shopbot.reader import Reader, Reading, Span
from shopbot.engines.shopbot.understanding import with_plain_values
from shopbot.optimize.measurement.calibration import expected_calibration_error
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.corpus import examples
from shopbot.optimize.shopbot.conversations.labels import ACTS
from shopbot.prompts import load_data

_CONTEXT = re.compile(r"asked for: (\S+)\. goal: (\S+)\. known: (.*)\.")


class _Everything(dict[str, tuple[str, ...]]):
    """As if every action were offered: what a message calls for does not hang on the state of one conversation."""

    def __contains__(self, name: object) -> bool:
        return True


@dataclass(frozen=True)
class Decision:
    """The next step: an action (with its goal, when it pursues one) or a reply, and the action's arguments."""

    action: str
    args: Any

    @classmethod
    def of(cls, proposal: Proposal | None) -> Decision:
        """The decision that a proposal is; none is a reply."""
        if proposal is None:
            return cls("reply", None)
        goal = f":{proposal.args['goal']}" if proposal.action == "pursue" else ""
        return cls(proposal.action + goal, proposal.args)


def briefing_of(context: str) -> Briefing:
    """The situation that a context line of the generator describes.

    Raises:
        ValueError: the line is none of the generator's.
    """
    found = _CONTEXT.fullmatch(context)
    if found is None:
        raise ValueError(f"no context line: {context!r}")
    goals = {word: action for action, word in load_data("planner/goals.yaml").items()}
    awaiting = None if found[1] == "nothing" else found[1]
    known = [] if found[3] == "nothing" else found[3].split(", ")
    goal = goals.get(found[2])
    return Briefing(
        facts={},
        goals=[goal] if goal else [],
        plan=[],
        next=None,
        awaiting=awaiting,
        opened={"awaiting": awaiting, "goal": goal, "known": known},
        asked=None,
        allowed=[],
        blocked={},
        confirm=["arrange_return"],
    )


def gold_reading(example: Example) -> Reading:
    """What the labels of an example say, as the reader would say it."""
    acts = {act: float(act in example.acts) for act in ACTS}
    spans = tuple(Span(kind, example.message[start:end], start, end, 1.0) for start, end, kind in example.spans)
    return Reading(acts, spans, frozenset(example.acts))


def decide(reading: Reading, example: Example) -> Decision:
    """What the planner does next, given a reading of the example."""
    briefing = briefing_of(example.context)
    reading = with_plain_values(reading, example.message, briefing)
    return Decision.of(next_proposal(reading, [HumanMessage(example.message)], briefing, _Everything()))


def report(reader: Reader, split: str, count: int, *, show: int = 0) -> str:
    """The figures as lines of Markdown; with `show`, also that many of the mistakes."""
    chosen = list(examples(split, count, 1))
    readings = [reader.read(example.context, example.message) for example in chosen]
    wanted = [decide(gold_reading(example), example) for example in chosen]
    taken = [decide(reading, example) for reading, example in zip(readings, chosen, strict=True)]
    same = [w.action == t.action for w, t in zip(wanted, taken, strict=True)]
    with_args = [(w, t) for w, t in zip(wanted, taken, strict=True) if w.action == t.action and w.args]
    args_right = [w.args == t.args for w, t in with_args]
    outside = ["out_of_scope" in example.acts for example in chosen]
    refused = [reading.performs("out_of_scope") for reading in readings]
    error = expected_calibration_error([max(r.acts.values()) for r in readings], _top_right(chosen, readings))
    lines = [
        f"- next action right, {len(chosen)} messages of the {split} wordings: {np.mean(same):.1%}",
        f"- all arguments right, where there are any and the action is right ({len(with_args)}): "
        f"{np.mean(args_right):.1%}",
        f"- out of scope: recall {_share(refused, outside):.1%}, "
        f"false refusals {_share(refused, [not o for o in outside]):.2%}",
        f"- expected calibration error of the surest act: {error:.3f}",
    ]
    errors = [(e, w, t) for e, w, t, ok in zip(chosen, wanted, taken, same, strict=True) if not ok]
    confused = Counter((w.action, t.action) for _, w, t in errors).most_common(12)
    lines += [f"  - {times} x {right} taken for {wrong}" for (right, wrong), times in confused] if show else []
    lines += [f"  - {e.message!r} ({e.context[11:]}) {w.action} -> {t.action}" for e, w, t in errors[:show]]
    lines += [f"  - {w.args} -> {t.args}" for w, t in with_args if w.args != t.args][:show]
    return "\n".join(lines)


def _top_right(chosen: list[Example], readings: list[Reading]) -> list[bool]:
    return [max(r.acts, key=r.acts.__getitem__) in e.acts for e, r in zip(chosen, readings, strict=True)]


def _share(flags: list[bool], among: list[bool]) -> float:
    kept = [flag for flag, is_in in zip(flags, among, strict=True) if is_in]
    return float(np.mean(kept)) if kept else float("nan")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--model", type=Path, help="another ONNX file than the shipped one")
    parser.add_argument("--show", type=int, default=0, help="mistakes to print")
    wanted = parser.parse_args()
    reader = Reader(2, wanted.model) if wanted.model else Reader(2)
    print(report(reader, wanted.split, wanted.count, show=wanted.show))


if __name__ == "__main__":
    main()
