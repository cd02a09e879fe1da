"""Act: check a call once more, run it, and turn whatever comes back, an error included, into an observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import ToolCall, ToolMessage
from langgraph.types import Command

from shopbot.agents.approval import Answer, Edit, Reject, decide, edited_call, stand_in
from shopbot.agents.deliberation import first_unconfirmed
from shopbot.agents.facts import GOALS, changes_with_consequences, merge_facts
from shopbot.agents.observing import observe
from shopbot.agents.plan import make_plan
from shopbot.agents.recording import Decisions
from shopbot.agents.rules import GateRules
from shopbot.agents.situation import Situation, digest_of
from shopbot.agents.validation import Approved, Refusal, refuse, validate
from shopbot.tools.action import Observation


def act(call: ToolCall, situation: Situation, rules: GateRules, conversation: str) -> Command[Any]:
    """Carry out one call and say what it changes in the conversation's state."""
    decisions = Decisions(situation, rules, conversation)
    verdict = _checked(validate(call, situation), situation)
    if isinstance(verdict, Approved) and _needs_a_person(verdict, situation, rules):
        decision = decide(verdict, situation.facts)
        if isinstance(decision, Reject | Answer):
            decisions.acted(call, "refused")
            return _record(call, stand_in(decision), situation)
        if isinstance(decision, Edit):
            verdict = _edited(verdict, decision, situation)
    if isinstance(verdict, Refusal):
        decisions.acted(call, "refused")
        return _refused(call, verdict.sentence)
    observation = _once(verdict, situation, rules, conversation)
    decisions.acted(call, "accepted" if observation.ok else "failed")
    return _record(call, observation, situation)


def _checked(verdict: Approved | Refusal, situation: Situation) -> Approved | Refusal:
    """Refuse what the customer has not agreed to."""
    if isinstance(verdict, Approved) and first_unconfirmed([verdict], situation):
        return refuse(verdict.call, "unconfirmed")
    return verdict


def _needs_a_person(approved: Approved, situation: Situation, rules: GateRules) -> bool:
    condition = rules.approve.get(approved.action.name)
    return condition is not None and condition(approved.args, situation.facts)


def _edited(approved: Approved, decision: Edit, situation: Situation) -> Approved | Refusal:
    """What a reviewer edits is validated again: the same action, its schema, and the customer's yes to these values."""
    call = edited_call(approved, decision)
    if call["name"] != approved.action.name:
        return refuse(call, "renamed", was=approved.action.name)
    return _checked(validate(call, situation, grounded=False), situation)


def _once(approved: Approved, situation: Situation, rules: GateRules, conversation: str) -> Observation:
    """The observation of the call; of a write that has been done already, the one from then."""
    action = approved.action
    key = digest_of([conversation, situation.question_for(action, approved.args)])
    journaled = action.effect == "write" and not action.repeatable and bool(conversation)
    earlier = rules.journal.recall(key) if journaled else None
    if earlier is not None:
        return earlier
    observation = observe(approved, situation, rules, conversation, key)
    if journaled and observation.ok:
        rules.journal.keep(key, observation)
    return observation


def _refused(call: ToolCall, sentence: str) -> Command[Any]:
    """A call that did not run."""
    message = _message(call, Observation(sentence, data={"error": sentence}, ok=False))
    return Command(update={"messages": [message]})


def _record(call: ToolCall, observation: Observation, situation: Situation) -> Command[Any]:
    """The state after a call: its observation, the facts and what falls with them, the plan."""
    changes = changes_with_consequences(situation.facts, observation.facts, situation.actions.values())
    facts = merge_facts(dict(situation.facts), changes)
    action = situation.actions[call["name"]]
    goals = facts.get(GOALS) or []
    update: dict[str, Any] = {"messages": [_message(call, observation)], "facts": changes}
    if observation.ok and action.name in goals and all(fact in facts for fact in action.gives):
        update["plan"] = make_plan({**facts, GOALS: [action.name]}, situation.actions).as_state(finished=True)
        changes[GOALS] = [goal for goal in goals if goal != action.name] or None
    elif goals:
        update["plan"] = make_plan(facts, situation.actions).as_state()
    return Command(update=update)


def _message(call: ToolCall, observation: Observation) -> ToolMessage:
    artifact: Mapping[str, Any] = {
        "ok": observation.ok,
        "data": dict(observation.data),
        "asks": observation.awaiting,
        "citations": [vars(citation) for citation in observation.citations],
        "answer": observation.answer,
    }
    return ToolMessage(
        observation.text,
        tool_call_id=call["id"],
        name=call["name"],
        status="success" if observation.ok else "error",
        artifact=artifact,
    )
