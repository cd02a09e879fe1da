"""Act: run an approved call and turn whatever comes back, an error included, into an observation and facts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.types import Command

from agents.facts import GOALS, changes_with_consequences, merge_facts
from agents.plan import make_plan
from agents.situation import Situation, digest_of
from agents.validation import Approved
from prompts import load_data
from shop.errors import ShopError
from tools.action import Call, Observation

logger = logging.getLogger(__name__)


def observe(approved: Approved, situation: Situation, services: Any, conversation: str) -> Observation:
    """Run the action. A failure is an observation: an expected one in its own words, a surprise without details."""
    call: Call[Any] = Call(
        services=services,
        facts=situation.facts,
        conversation=conversation,
        key=digest_of([conversation, approved.action.name, approved.args]),
        transcript=_transcript(situation.messages),
    )
    try:
        return approved.action.run(call, **approved.args)
    except ShopError as error:
        return Observation(str(error), data={"error": str(error)}, ok=False)
    except Exception:
        logger.exception("action %s failed", approved.action.name)
        sentence = load_data("agent/says.yaml")["action_failed"].format(name=approved.action.name)
        return Observation(sentence, data={"error": sentence}, ok=False)


def record(call: ToolCall, observation: Observation | None, text: str, situation: Situation) -> Command[Any]:
    """The state update for one finished call; None stands for a call that was refused and did not run."""
    if observation is None:
        message = ToolMessage(text, tool_call_id=call["id"], name=call["name"], status="error", artifact={"ok": False})
        return Command(update={"messages": [message]})
    changes = changes_with_consequences(situation.facts, observation.facts, situation.actions.values())
    action = situation.actions[call["name"]]
    update: dict[str, Any] = {"messages": [_message(call, observation)], "facts": changes}
    facts = merge_facts(dict(situation.facts), changes)
    goals = facts.get(GOALS) or []
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
        "asks": observation.asks,
        "citations": [vars(citation) for citation in observation.citations],
    }
    return ToolMessage(
        observation.text,
        tool_call_id=call["id"],
        name=call["name"],
        status="success" if observation.ok else "error",
        artifact=artifact,
    )


def _transcript(messages: Sequence[AnyMessage]) -> list[tuple[str, str]]:
    """The conversation as (speaker, words), without tool traffic."""
    speakers = {HumanMessage: "customer", AIMessage: "agent"}
    return [(speakers[type(m)], m.text) for m in messages if type(m) in speakers and m.text.strip()]
