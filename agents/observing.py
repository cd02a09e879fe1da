"""Observing: running an action that may run; whatever comes back, an error included, is an observation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from shopbot.agents.rules import GateRules
from shopbot.agents.situation import Situation
from shopbot.agents.validation import Approved
from shopbot.agents.wording import says
from shopbot.errors import AgentError
from shopbot.tools.action import Call, Observation

logger = logging.getLogger(__name__)


def observe(approved: Approved, situation: Situation, rules: GateRules, conversation: str, key: str) -> Observation:
    """Run the action. A failure is an observation: an expected one in its own words, a surprise without details."""
    action = approved.action
    call: Call[Any] = Call(
        services=rules.services,
        facts=situation.facts,
        conversation=conversation,
        key=key,
        transcript=_transcript(situation.messages),
    )
    with rules.tracer.span(conversation, f"execute_tool {action.name}", "execute_tool", gen_ai__tool__name=action.name):
        try:
            return action.run(call, **approved.args)
        except AgentError as error:
            return Observation(str(error), data={"error": str(error)}, ok=False)
        except Exception:
            logger.exception("action %s failed", action.name)
            sentence = says("action_failed").format(name=action.name)
            return Observation(sentence, data={"error": sentence}, ok=False)


def _transcript(messages: Sequence[AnyMessage]) -> list[tuple[str, str]]:
    """The conversation as (speaker, words), without tool traffic."""
    speakers = {HumanMessage: "customer", AIMessage: "agent"}
    return [(speakers[type(m)], m.text) for m in messages if type(m) in speakers and m.text.strip()]
