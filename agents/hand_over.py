"""Hand-over: the conversation goes on with another gated agent, and facts with it, by a contract that both sides name.

    BILLING = HandOver("billing", customer=Customer)

    clerk = create_agent(engine, [find_customer, BILLING.action()], name="clerk")
    billing = create_agent(engine, [refund], given=BILLING, name="billing")

The agents are nodes of one LangGraph graph over `SharedState`. What was said is shared; a fact passes only when the
contract names it and its value is of the type that it says, as the giver's action established it: never by text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, NotRequired, Required

from langchain.tools import ToolRuntime
from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import StructuredTool, ToolException
from langgraph.graph.message import add_messages
from langgraph.types import Command
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from shopbot.errors import AgentError
from shopbot.prompts import says
from shopbot.tools.action import Action


class HandOverError(AgentError):
    """A fact that is to be handed over is missing or not of the type that the contract says."""


class Handed(TypedDict):
    """Facts on their way to the agent `to`."""

    to: str
    facts: dict[str, Any]


class SharedState(TypedDict):
    """The state of a graph of agents that hand over to each other; `active`: who has the conversation now."""

    messages: Required[Annotated[list[AnyMessage], add_messages]]
    handed: NotRequired[Handed | None]
    active: NotRequired[str]


class HandOver:
    """The contract between the agents that hand over and the one, node `to` of their graph, that takes over.

    Args:
        to: the name of the node.
        lapses: after which silence of the customer they hold no more for who took them over; None: never.
        facts: name -> type; a pydantic model, a dataclass, or any other type that pydantic can check.
    """

    def __init__(self, to: str, *, lapses: timedelta | None = timedelta(hours=1), **facts: Any) -> None:
        self.to = to
        self.lapses = lapses
        self._types = {name: TypeAdapter(kind) for name, kind in facts.items()}

    def __iter__(self) -> Iterator[str]:
        """The names of the facts, as `given` takes them."""
        return iter(self._types)

    def action(self, description: str = "") -> Action:
        """The giver's action: it needs all of the facts, and ends the giver's part of the turn."""
        name = f"hand_over_to_{self.to}"

        def hand_over(runtime: ToolRuntime) -> Command[Any]:
            try:
                handed = self.state(runtime.state.get("facts") or {})
            except HandOverError as error:
                raise ToolException(str(error)) from error
            done = ToolMessage(
                str(says("handed_over")).format(to=self.to), tool_call_id=runtime.tool_call_id or "", name=name
            )
            update = {"messages": [*runtime.state["messages"], done], "active": self.to, **handed}
            return Command(goto=self.to, graph=Command.PARENT, update=update)

        told = description or str(says("hand_over")).format(to=self.to)
        tool = StructuredTool.from_function(hand_over, name=name, description=told)
        return Action.from_tool(tool, needs=tuple(self), effect="read")

    def state(self, facts: Mapping[str, Any]) -> dict[str, Handed]:
        """What hands these facts over, as part of an agent's input: for an agent that is called as a tool.

        Raises:
            HandOverError: one is missing or does not fit.
        """
        return {"handed": {"to": self.to, "facts": self.taken(facts)}}

    def taken(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of the contract, as plain JSON values.

        Raises:
            HandOverError: one is missing or does not fit.
        """
        return {name: self._read(name, facts) for name in self._types}

    def _read(self, name: str, facts: Mapping[str, Any]) -> Any:
        if name not in facts:
            raise HandOverError(f"The hand-over to {self.to!r} needs the fact {name!r}, which is not established.")
        kind = self._types[name]
        try:
            return kind.dump_python(kind.validate_python(facts[name]), mode="json")
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            place = ".".join(map(str, (name, *wrong["loc"])))
            raise HandOverError(
                f"The fact {name!r} does not fit the contract of the hand-over to {self.to!r}: {place} is "
                f"{wrong['input']!r}: {wrong['msg']}."
            ) from error
