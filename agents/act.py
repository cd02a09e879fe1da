"""Act: check a call once more, run it at most once, and make an observation of whatever comes back, an error too."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.types import Command

from shopbot.agents.approval import Answer, Edit, Reject, decide, edited_call, stand_in
from shopbot.agents.budget import BudgetTracker
from shopbot.agents.config import GateConfig
from shopbot.agents.decisions import Decisions
from shopbot.agents.digest import digest_of
from shopbot.agents.journal import Write
from shopbot.agents.plain import as_observation
from shopbot.agents.plan import GOALS, changes_with_consequences, make_plan, merge_facts
from shopbot.agents.proposal import Approved, Refusal, first_unconfirmed, refuse, validate
from shopbot.agents.state import TurnState
from shopbot.agents.time_limit import in_thread, within
from shopbot.agents.tracing import describe_failure
from shopbot.agents.wording import says
from shopbot.errors import AgentError
from shopbot.tools.action import UNKNOWN, Call, Observation

logger = logging.getLogger(__name__)


def act(call: ToolCall, state: TurnState, config: GateConfig, conversation: str) -> Command[Any]:
    """Carry out one call and say what it changes in the conversation's state."""
    decisions = Decisions(state, config, conversation)
    verdict = _consented(validate(call, state), state)
    if isinstance(verdict, Approved) and _needs_a_person(verdict, state, config):
        decision = decide(verdict, state.facts)
        if isinstance(decision, Reject | Answer):
            decisions.acted(call, "refused")
            return _record(call, stand_in(decision), state)
        if isinstance(decision, Edit):
            verdict = _edited(verdict, decision, state)
    if isinstance(verdict, Refusal):
        decisions.acted(call, "refused")
        return _refused(call, verdict.sentence)
    started = time.monotonic()
    observation = _once(verdict, state, config, conversation)
    decisions.acted(call, "accepted" if observation.ok else "failed")
    return _record(call, observation, state, seconds=time.monotonic() - started)


def _consented(verdict: Approved | Refusal, state: TurnState) -> Approved | Refusal:
    """Refuse what the customer has not agreed to."""
    if isinstance(verdict, Approved) and first_unconfirmed([verdict], state):
        return refuse(verdict.call, "unconfirmed")
    return verdict


def _needs_a_person(approved: Approved, state: TurnState, config: GateConfig) -> bool:
    condition = config.approve.get(approved.action.name)
    return condition is not None and condition(approved.args, state.facts)


def _edited(approved: Approved, decision: Edit, state: TurnState) -> Approved | Refusal:
    """What a reviewer edits is validated again: the same action, its schema, and the customer's yes to these values."""
    call = edited_call(approved, decision)
    if call["name"] != approved.action.name:
        return refuse(call, "renamed", was=approved.action.name)
    return _consented(validate(call, state, grounded=False), state)


def _once(approved: Approved, state: TurnState, config: GateConfig, conversation: str) -> Observation:
    """The observation of the call; of a write that has been begun already, what became of that."""
    if approved.action.effect != "write":
        return observe(approved, state, config, conversation, str(approved.call["id"]))
    key = idempotency_key(approved, state, conversation)
    if not conversation:
        return observe(approved, state, config, conversation, key)
    earlier = config.journal.begin(Write(key, conversation, str(approved.call["id"]), "begun"))
    if earlier is not None and earlier.status == "withdrawn":
        return _failed(str(says("withdrawn")))
    if earlier is not None and earlier.observation is not None:
        return earlier.observation
    if earlier is not None and not approved.action.idempotent:
        found = look_up(approved, state, config, conversation, key)
        if found is not None:
            return found
    return _journaled(approved, state, config, conversation, key)


def _journaled(approved: Approved, state: TurnState, config: GateConfig, conversation: str, key: str) -> Observation:
    """Run a write whose row has been begun, and finish the row: unless it failed by surprise, its outcome is known.

    A surprise may have come after the deed: where it can be looked up, it is.
    """
    observation = observe(approved, state, config, conversation, key)
    if observation.data.get(UNKNOWN) and approved.action.lookup is not None:
        found = look_up(approved, state, config, conversation, key)
        if found is not None:
            return found
        observation = replace(observation, data={**observation.data, UNKNOWN: False})
    if not observation.data.get(UNKNOWN):
        config.journal.finish(key, observation if observation.ok else None)
    return observation


def look_up(
    approved: Approved, state: TurnState, config: GateConfig, conversation: str, key: str
) -> Observation | None:
    """What a write that was cut short observed; None when it was not done. It says so when nobody can tell."""
    action = approved.action
    if action.lookup is None:
        return _unknown(action.name)
    try:
        found = action.lookup(_call(approved, state, config, conversation, key), **approved.args)
    except Exception:
        logger.exception("what became of %s could not be looked up", action.name)
        return _unknown(action.name)
    if found is not None:
        config.journal.finish(key, found)
    return found


def idempotency_key(approved: Approved, state: TurnState, conversation: str) -> str:
    """The key of a write: conversation, action, normalised arguments and the facts it needs, and, of an action that may
    be repeated, the call itself."""
    action = approved.action
    terms = {"action": action.name, "digest": state.terms_of(action, approved.args)}
    return digest_of([conversation, terms, *([approved.call["id"]] if action.repeatable else [])])


def observe(approved: Approved, state: TurnState, config: GateConfig, conversation: str, key: str) -> Observation:
    """Run the action. A failure is an observation: an expected one in its own words, a surprise without details.

    An action that only reads is given the time that is left of the turn's budget; a write is waited for.
    """
    action = approved.action
    call = _call(approved, state, config, conversation, key)

    def run() -> Observation:
        came = action.run(call, **approved.args)
        # In a thread of its own: this one may have an event loop that is running.
        return as_observation(in_thread(lambda: asyncio.run(_awaited(came))) if inspect.isawaitable(came) else came)

    with config.tracer.span(
        state.turn_id, f"execute_tool {action.name}", "execute_tool", gen_ai__tool__name=action.name
    ) as span:
        try:
            return run() if action.effect == "write" else within(_seconds_left(state, config), run)
        except TimeoutError:
            return _failed(str(says("too_slow")).format(name=action.name))
        except AgentError as error:
            return _failed(str(error))
        except Exception as error:
            logger.exception("action %s failed", action.name)
            describe_failure(span, error)
            failed = _failed(str(says("action_failed")).format(name=action.name))
            unknown = {**failed.data, UNKNOWN: True} if action.effect == "write" else failed.data
            return Observation(failed.text, data=unknown, ok=False)


def _seconds_left(state: TurnState, config: GateConfig) -> float | None:
    return BudgetTracker(config.budget, state.state.get("spent"), new_turn=False, acted_s=state.acted_s).seconds_left


def _call(approved: Approved, state: TurnState, config: GateConfig, conversation: str, key: str) -> Call[Any]:
    return Call(
        services=config.services,
        facts=state.facts,
        conversation=conversation,
        key=key,
        transcript=_transcript(state.messages),
    )


async def _awaited(came: Any) -> Any:
    return await came


def _failed(sentence: str) -> Observation:
    return Observation(sentence, data={"error": sentence}, ok=False)


def _unknown(name: str) -> Observation:
    sentence = str(says("unknown_outcome")).format(name=name)
    return Observation(sentence, data={"error": sentence, UNKNOWN: True}, ok=False)


def _transcript(messages: Sequence[AnyMessage]) -> list[tuple[str, str]]:
    """The conversation as (speaker, words), without tool traffic."""
    speakers = {HumanMessage: "customer", AIMessage: "agent"}
    return [(speakers[type(m)], m.text) for m in messages if type(m) in speakers and m.text.strip()]


def _refused(call: ToolCall, sentence: str) -> Command[Any]:
    """A call that did not run."""
    return Command(update={"messages": [observed(call, _failed(sentence))]})


def _record(call: ToolCall, observation: Observation, state: TurnState, *, seconds: float = 0.0) -> Command[Any]:
    """The state after a call: its observation, the facts and what falls with them, the plan."""
    update = consequences(call, observation, state)
    return Command(update={**update, "messages": [observed(call, observation, seconds)]})


def consequences(call: ToolCall, observation: Observation, state: TurnState) -> dict[str, Any]:
    """What an observation changes besides the messages: the facts and what falls with them, the goals, the plan."""
    changes = changes_with_consequences(state.facts, observation.facts, state.actions.values())
    facts = merge_facts(dict(state.facts), changes)
    action = state.actions[call["name"]]
    goals = facts.get(GOALS) or []
    update: dict[str, Any] = {"facts": changes}
    if observation.ok and action.name in goals and all(fact in facts for fact in action.gives):
        update["plan"] = make_plan({**facts, GOALS: [action.name]}, state.actions).as_state(finished=True)
        changes[GOALS] = [goal for goal in goals if goal != action.name] or None
    elif goals:
        update["plan"] = make_plan(facts, state.actions).as_state()
    return update


def observed(call: ToolCall, observation: Observation, seconds: float = 0.0) -> ToolMessage:
    """The observation as it stands in the history; `seconds` is how long the action ran."""
    artifact: Mapping[str, Any] = {
        "ok": observation.ok,
        "data": dict(observation.data),
        "awaiting": observation.awaiting,
        "citations": [vars(citation) for citation in observation.citations],
        "answer": observation.answer,
        "seconds": seconds,
    }
    return ToolMessage(
        observation.text,
        tool_call_id=call["id"],
        name=call["name"],
        status="success" if observation.ok else "error",
        artifact=artifact,
    )
