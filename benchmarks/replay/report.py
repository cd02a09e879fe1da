"""The counts of a replay, as an object and as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.replay.apply import right_effects
from benchmarks.replay.conversation import Proposal, replay
from benchmarks.replay.environment import Environment
from benchmarks.replay.fidelity import Compared, compare
from benchmarks.replay.gold import FORBIDDEN, gold_writes
from benchmarks.replay.judge import Judged, Kind, judge
from benchmarks.replay.runs import Run, ToolUse


@dataclass
class Replayed:
    """What came of replaying runs."""

    runs: int = 0
    compared: list[Compared] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    writes: list[Judged] = field(default_factory=list)
    gold: list[tuple[Run, ToolUse, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures that the benchmark is asked for."""
        wrong = [w for w in self.writes if w.kind is not Kind.RIGHT]
        right = [w for w in self.writes if w.kind is Kind.RIGHT]
        answers = [c for c in self.compared if not c.injected]
        return {
            "runs": self.runs,
            "fidelity": round(sum(c.same for c in answers) / len(answers), 4) if answers else 1.0,
            "writes": len(self.writes),
            "wrong_writes": len(wrong),
            "wrong_stopped": sum(w.stopped for w in wrong),
            "right_writes": len(right),
            "right_refused": sum(w.stopped and not w.asked_again for w in right),
            "gold_writes": len(self.gold),
            "gold_blocked": sum(reason not in ("", FORBIDDEN) for _, _, reason in self.gold),
            "near_misses": sum(w.near_miss for w in self.writes),
            "ms": round(median([p.verdict.ms for p in self.proposals]), 2) if self.proposals else 0.0,
        }


def replay_all(runs: Iterable[Run], environment: Environment, *, full: bool = True) -> Replayed:
    """Replay the runs; not `full`: only what the gate says to the recorded writes."""
    result = Replayed()
    for run in runs:
        right = None if run.gold is None else [changes for _, changes in right_effects(run, environment)]
        proposals = replay(run, environment, reads=full)
        judged = [judge(p, right) for p in proposals if environment.writes(p.use.name)]
        result.runs += 1
        result.proposals += proposals
        result.writes += judged
        if full:
            result.compared += compare(run, environment)
            result.gold += [(run, use, reason) for use, reason in gold_writes(run, judged, environment)]
    return result


def by_kind(title: str, writes: Sequence[Judged]) -> str:
    """Rows of what the recorded writes were, and what the gate did about them, by model."""
    lines = [
        f"| {title} | model | writes | let act | stopped | asked again | why |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    models = sorted({w.proposal.run.model for w in writes})
    for kind in Kind:
        for model in models:
            these = [w for w in writes if w.kind is kind and w.proposal.run.model == model]
            if these:
                lines.append(_row(kind, model, these))
    return "\n".join(lines)


def _row(kind: Kind, model: str, writes: Sequence[Judged]) -> str:
    again = sum(w.asked_again for w in writes)
    stopped = sum(w.stopped for w in writes) - again
    reasons = Counter(w.proposal.verdict.reason for w in writes if w.stopped)
    why = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    return f"| {kind.value} | {model} | {len(writes)} | {len(writes) - stopped - again} | {stopped} | {again} | {why} |"


@dataclass(frozen=True)
class Ablation:
    """What is still stopped when the contracts lack something; what a write was, the whole contracts say."""

    contract: str
    wrong_stopped: int
    wrong: int
    right_refused: int
    asked_again: int
    right: int


def ablations(runs: Sequence[Run], environment: Environment, parts: Sequence[str]) -> Iterator[Ablation]:
    """The whole contracts, without each part, without all; and LangChain's plain loop, which runs every call."""
    whole = replay_all(runs, environment, full=False).writes
    yield _ablation("whole", whole)
    plain = environment
    for part in parts:
        plain = plain.without(part)
        yield _ablation(
            f"without {part}", _as_in(whole, replay_all(runs, environment.without(part), full=False).writes)
        )
    yield _ablation("without all of them", _as_in(whole, replay_all(runs, plain, full=False).writes))
    right = sum(write.kind is Kind.RIGHT for write in whole)
    yield Ablation("LangChain's plain loop", 0, len(whole) - right, 0, 0, right)


def _as_in(whole: Sequence[Judged], writes: Sequence[Judged]) -> list[Judged]:
    return [Judged(write.proposal, known.kind) for known, write in zip(whole, writes, strict=True)]


def _ablation(contract: str, writes: Sequence[Judged]) -> Ablation:
    right = [write for write in writes if write.kind is Kind.RIGHT]
    wrong = [write for write in writes if write.kind is not Kind.RIGHT]
    again = sum(write.asked_again for write in right)
    refused = sum(write.stopped for write in right) - again
    return Ablation(contract, sum(write.stopped for write in wrong), len(wrong), refused, again, len(right))


def as_table(rows: Iterable[Ablation]) -> str:
    """The ablations as rows."""
    lines = ["| contract | wrong writes stopped | right writes refused | asked again |", "|---|---:|---:|---:|"]
    for row in rows:
        stopped, refused = f"{row.wrong_stopped} of {row.wrong}", f"{row.right_refused} of {row.right}"
        lines.append(f"| {row.contract} | {stopped} | {refused} | {row.asked_again} |")
    return "\n".join(lines)


def second_figures(writes: Sequence[Judged]) -> str:
    """Rows of both figures: over all wrong writes and without those that nothing in the conversation tells apart, for
    all tasks and for each half of them."""
    lines = [
        "| tasks | wrong writes stopped | without the chosen ones | right writes refused |",
        "|---|---:|---:|---:|",
    ]
    for name, half in (("all", (0, 1)), ("even", (0,)), ("odd", (1,))):
        these = [write for write in writes if write.proposal.run.task % 2 in half]
        wrong = [write for write in these if write.kind is not Kind.RIGHT]
        forced = [write for write in wrong if write.kind is not Kind.CHOSEN]
        right = [write for write in these if write.kind is Kind.RIGHT]
        refused = sum(write.stopped and not write.asked_again for write in right)
        stopped, stoppable = (sum(write.stopped for write in each) for each in (wrong, forced))
        lines.append(
            f"| {name} | {stopped} of {len(wrong)} | {stoppable} of {len(forced)} | {refused} of {len(right)} |"
        )
    return "\n".join(lines)


def case(judged: Judged) -> str:
    """One recorded write with the words around it and what the gate said."""
    proposal = judged.proposal
    words = [f"    agent: {proposal.asked[-300:]!r}", f"    customer: {proposal.answered[:300]!r}"]
    said = proposal.verdict.sentence or "passed"
    call = f"{proposal.use.name} {dict(proposal.use.args)}"
    return "\n".join([f"{proposal.run.name} ({judged.kind.value})", *words, f"    {call}", f"    gate: {said}"])
