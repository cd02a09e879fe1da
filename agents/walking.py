"""The plan walks: a step that is certain is taken without asking the engine.

Certain is the plan's next step when it is allowed, changes nothing, has no argument to choose, and follows an action of
this turn that went well: the engine has read the customer's message by then, and there is nothing to decide.
"""

from __future__ import annotations

import uuid

from langchain_core.messages import ToolCall, ToolMessage

from shopbot.agents.state import TurnState


def certain_step(state: TurnState) -> ToolCall | None:
    """The call of the plan's next step, when that is certain."""
    step, newest = state.plan.next, state.messages[-1]
    follows = isinstance(newest, ToolMessage) and newest.status == "success"
    if step is None or not follows or state.asked_by_observation or step.name not in state.allowed:
        return None
    if step.effect != "read" or step.confirm or step.arguments.model_fields or state.was_called(step.name):
        return None
    return ToolCall(name=step.name, args={}, id=f"call_{uuid.uuid4().hex}", type="tool_call")
