"""A proposal from outside: the call that came with the user's message stands in the engine's place for that turn.

Whoever reasons elsewhere (a client of an MCP server, a form, another program) proposes an action so. It passes the same
gate as an engine's: allowed now, well formed, grounded in what the user said, confirmed, done once. What the action
observed, or why it was refused, is the reply.

    HumanMessage("It is order 123456", additional_kwargs={PROPOSAL: {"name": "take_order_number", "args": {...}}})
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from langchain.agents.middleware import ModelRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from shopbot.engines.protocol import REFUSED
from shopbot.engines.templated import templated

PROPOSAL = "proposal"
"""In the `additional_kwargs` of the user's message: the `name` and the `args` of the action to propose."""


class Proposing(BaseChatModel):
    """Proposes `call`; once that was observed or refused, says what came of it."""

    call: ToolCall
    observed: str | None = None
    """What the action has come to in this turn."""

    @property
    def _llm_type(self) -> str:
        return "proposal"

    def bind_tools(self, tools: Any, **_: Any) -> Proposing:
        """Nothing to bind: what it proposes is the gate's to judge."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        newest = messages[-1]
        told = newest.text if newest.additional_kwargs.get(REFUSED) else self.observed
        proposed = AIMessage("", tool_calls=[self.call])
        answer = proposed if told is None else templated(AIMessage(told))
        return ChatResult(generations=[ChatGeneration(message=answer)])


def with_proposal(request: ModelRequest[Any]) -> ModelRequest[Any]:
    """The request to the engine; to what stands in its place, where the user's newest message brings a proposal."""
    proposal = _proposal(request.messages)
    if proposal is None:
        return request
    newest = request.messages[-1]
    call = ToolCall(name=proposal["name"], args=proposal["args"], id=f"call_{uuid.uuid4().hex}", type="tool_call")
    observed = newest.text if isinstance(newest, ToolMessage) else None
    return request.override(model=Proposing(call=call, observed=observed))


def _proposal(messages: Sequence[AnyMessage]) -> dict[str, Any] | None:
    said = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    return said.additional_kwargs.get(PROPOSAL) if said is not None else None
