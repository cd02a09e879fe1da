"""The right calls, replayed with the words of the recorded conversation: a second look for false blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.replay.apply import apply, right_effects, told
from benchmarks.replay.conversation import Conversation, Verdict
from benchmarks.replay.environment import Environment
from benchmarks.replay.judge import Judged, Kind
from benchmarks.replay.runs import Run, ToolUse

_WORDS_MISSING = ("ungrounded", "unconfirmed")
FORBIDDEN = "against_rule"
"""The reason of a right call that the stated policy forbids: listed, and no false block."""


def gold_writes(run: Run, judged: Sequence[Judged], environment: Environment) -> Iterator[tuple[ToolUse, str]]:
    """Each right write of a run with the reason for which the gate blocks it though the words are there, or "".

    Where the recorded agent made the write, that is what the gate said to it then. Else it is proposed at the end of
    the conversation, after the right reads; a value or a yes that nobody gave is then missing, not blocked.
    """
    missing: list[ToolUse] = []
    for use, changes in right_effects(run, environment):
        same = [j for j in judged if j.proposal.effect == changes]
        if not same:
            missing.append(use)
        elif any(not j.stopped or j.asked_again or j.kind is Kind.UNAGREED for j in same):
            yield use, ""
        else:
            yield use, same[0].proposal.verdict.reason
    if missing:
        yield from _proposed_late(run, missing, environment)


def _proposed_late(run: Run, missing: Sequence[ToolUse], environment: Environment) -> Iterator[tuple[ToolUse, str]]:
    conversation = Conversation(run, environment, environment.fresh(run))
    for said in run.messages:
        if said.text:
            conversation.say(said.speaker, said.text)
    if conversation.messages and conversation.messages[-1].type != "human":
        conversation.say("customer", "")
    for use in run.gold or ():
        writes, facts = environment.writes(use.name), conversation.facts
        if writes and told(use, environment, conversation.store, facts):
            continue
        verdict = conversation.propose(use)
        answer = "" if writes else apply(use, environment, conversation.store, facts).text
        conversation.record(replace(use, answer=answer))
        if use in missing:
            yield use, "" if verdict.reason in _WORDS_MISSING or _is_unknown(verdict) else verdict.reason


def _is_unknown(verdict: Verdict) -> bool:
    """Whether the customer was never identified in the conversation."""
    return verdict.reason == "not_allowed"
