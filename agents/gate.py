"""The gate: everything that stands between an engine's proposal and an action, as one LangChain middleware.

Around each model call it offers the actions that are allowed now and lets no proposal through that does not hold
(`shopbot.agents.deliberation`); around each action it checks again, asks a person where one must decide, and turns
whatever comes back into an observation and facts (`shopbot.agents.act`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.tools.tool_node import ToolCallRequest
from langgraph.config import get_config
from langgraph.types import Command

from shopbot.agents.act import act
from shopbot.agents.deliberation import Deliberation
from shopbot.agents.rules import GateRules
from shopbot.agents.situation import Situation, TrustedState

Response = ExtendedModelResponse[Any]


class Gate(AgentMiddleware[TrustedState, Any, Any]):
    """Plan, format, validate, then act."""

    state_schema = TrustedState

    def __init__(self, rules: GateRules) -> None:
        super().__init__()
        self.rules = rules
        self.tools = []

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> Response:
        """One step of the engine, its proposal validated before anything else sees it."""
        step = Deliberation(request, self.rules, _conversation()).run()
        came: Any = None
        try:
            while True:
                asked = step.send(came)
                try:
                    came = handler(asked) if isinstance(asked, ModelRequest) else asked()
                except Exception as failure:
                    came = failure
        except StopIteration as done:
            response: Response = done.value
            return response

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> Response:
        """As `wrap_model_call`, for `ainvoke` and `astream`; an errand runs in a thread."""
        step = Deliberation(request, self.rules, _conversation()).run()
        came: Any = None
        try:
            while True:
                asked = step.send(came)
                try:
                    came = await (handler(asked) if isinstance(asked, ModelRequest) else asyncio.to_thread(asked))
                except Exception as failure:
                    came = failure
        except StopIteration as done:
            response: Response = done.value
            return response

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """Act, once more validated: a call edited on its way here passes the same checks."""
        return act(request.tool_call, Situation(request.state, self.rules.actions), self.rules, _conversation())

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """As `wrap_tool_call`; the action runs in a thread so that the event loop stays free."""
        return await asyncio.to_thread(self.wrap_tool_call, request, handler)


def _conversation() -> str:
    """The thread this run belongs to; runs without a checkpointer have none."""
    return str(get_config().get("configurable", {}).get("thread_id", ""))
