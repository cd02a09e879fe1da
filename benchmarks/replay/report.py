"""The counts of a replay, as an object and as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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


def ablations(runs: Sequence[Run], environment: Environment, parts: Sequence[str]) -> str:
    """Rows of what is still stopped when one part of every contract is left out, and with none of them."""
    lines = ["| contract | wrong writes stopped | right writes refused | asked again |", "|---|---:|---:|---:|"]
    plain = environment
    for part in parts:
        plain = plain.without(part)
    variants = [("whole", environment), *((f"without {part}", environment.without(part)) for part in parts)]
    for name, variant in [*variants, ("none (LangChain's plain loop)", plain)]:
        replayed = replay_all(runs, variant, full=False)
        figures = replayed.summary()
        again = sum(w.asked_again for w in replayed.writes)
        lines.append(
            f"| {name} | {figures['wrong_stopped']} of {figures['wrong_writes']} "
            f"| {figures['right_refused']} of {figures['right_writes']} | {again} |"
        )
    return "\n".join(lines)


def case(judged: Judged) -> str:
    """One recorded write with the words around it and what the gate said."""
    proposal = judged.proposal
    words = [f"    agent: {proposal.asked[-300:]!r}", f"    customer: {proposal.answered[:300]!r}"]
    said = proposal.verdict.sentence or "passed"
    call = f"{proposal.use.name} {dict(proposal.use.args)}"
    return "\n".join([f"{proposal.run.name} ({judged.kind.value})", *words, f"    {call}", f"    gate: {said}"])
