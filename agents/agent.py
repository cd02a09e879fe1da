"""`create_agent`: LangChain's agent loop with the gate around every step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool
    from langgraph.graph.state import CompiledStateGraph

    from tools.action import Action


def create_agent(
    engine: BaseChatModel,
    actions: Iterable[Action],
    prompt: str = "",
    *,
    services: Any = None,
    checkpointer: Any = None,
    repairs: int = 2,
    steps: int = 20,
    name: str | None = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """An agent that plans, formats and validates before it acts.

    Args:
        engine: what reasons: any LangChain chat model that can bind tools.
        actions: what it may do; the contract of each decides when.
        prompt: the system prompt; facts, plan and allowed actions are added to it at every step.
        services: whatever the actions work with; they find it in `call.services`.
        checkpointer: a LangGraph checkpointer, to keep conversations by `thread_id`.
        repairs: how often a refused proposal goes back to the engine in one step.
        steps: model calls allowed in one turn.
        name: the agent's name in traces.

    Returns:
        A compiled LangGraph agent (`invoke`, `ainvoke`, `stream`, `astream`) whose state carries `messages`, `facts`,
        `plan` and `awaiting`.

    Raises:
        ValueError: two actions share a name.
    """
    from langchain.agents import create_agent as create_langchain_agent

    from agents.gate import Gate
    from agents.pursue import make_pursue
    from agents.situation import TrustedState

    everything = _distinct(actions)
    goals = [action.name for action in everything if action.goal]
    if goals:
        everything.insert(0, make_pursue(goals))
    return create_langchain_agent(
        engine,
        tools=[_as_tool(action) for action in everything],
        system_prompt=prompt or None,
        state_schema=TrustedState,
        middleware=[Gate(everything, services, repairs=repairs, steps=steps)],
        checkpointer=checkpointer,
        name=name,
    )


def _distinct(actions: Iterable[Action]) -> list[Action]:
    found = list(actions)
    names = [action.name for action in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two actions are called {twice[0]!r}: an engine could not tell them apart, so rename one")
    return found


def _as_tool(action: Action) -> BaseTool:
    """What LangChain shows the model: name, description, strict schema. The gate runs the function itself.

    The schema is given as JSON: LangChain's own conversion of a pydantic model loses `additionalProperties: false`.
    """
    from langchain_core.tools import StructuredTool

    def only_through_the_gate(**_: Any) -> str:
        raise RuntimeError(f"{action.name} was called around the gate")

    return StructuredTool(
        name=action.name,
        description=action.description,
        args_schema=action.arguments.model_json_schema(),
        func=only_through_the_gate,
    )
