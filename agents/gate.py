"""The gate: everything that stands between an engine's proposal and an action, as one LangChain middleware.

Around each model call it offers the actions that are allowed now and lets no proposal through that does not hold
(`shopbot.agents.model_step`); around each action it checks again, asks a person where one must decide, and turns
whatever comes back into an observation and facts (`shopbot.agents.act`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.callbacks import BaseCallbackManager, Callbacks
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers.event_stream import _AstreamEventsCallbackHandler
from langchain_core.tracers.log_stream import LogStreamCallbackHandler
from langgraph._internal._constants import CONFIG_KEY_CHECKPOINTER
from langgraph.config import get_config
from langgraph.types import Command

from shopbot.agents.act import act
from shopbot.agents.config import GateConfig
from shopbot.agents.model_step import ModelStep
from shopbot.agents.state import TrustedState, TurnState
from shopbot.agents.stores import journal_for
from shopbot.agents.turn_locks import busy_turn
from shopbot.engines.drive import adrive, drive
from shopbot.engines.protocol import NOT_STREAMED

Response = ExtendedModelResponse[Any]
_READERS = (_AstreamEventsCallbackHandler, LogStreamCallbackHandler)
"""What streams a run to its reader and does not heed the tag `NOT_STREAMED`, as LangGraph's own streams do."""


class Gate(AgentMiddleware[TrustedState, Any, Any]):
    """Plan, format, validate, then act."""

    state_schema = TrustedState

    def __init__(self, config: GateConfig) -> None:
        super().__init__()
        self.config = config
        self.tools = []

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> Response:
        """One step of the engine, its proposal validated before anything else sees it."""

        def answer(asked: Any) -> Any:
            if not isinstance(asked, ModelRequest):
                return asked()
            with _unstreamed():
                return handler(asked)

        return drive(ModelStep(request, self._of_run(), _conversation()).run(), answer)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> Response:
        """As `wrap_model_call`, for `ainvoke` and `astream`; an errand runs in a thread."""

        async def answer(asked: Any) -> Any:
            if not isinstance(asked, ModelRequest):
                return await asyncio.to_thread(asked)
            with _unstreamed():
                return await handler(asked)

        return await adrive(ModelStep(request, self._of_run(), _conversation()).run(), answer)

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """Act, once more validated: a call edited on its way here passes the same checks."""
        conversation, config = _conversation(), self._of_run()
        with busy_turn(conversation):
            return act(request.tool_call, TurnState(request.state, config, conversation))

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """As `wrap_tool_call`; the action runs in a thread so that the event loop stays free."""
        return await asyncio.to_thread(self.wrap_tool_call, request, handler)

    def _of_run(self) -> GateConfig:
        """The configuration of this run: as a part of another graph, an agent's writes are kept where that graph keeps
        its checkpoints."""
        saver = get_config().get("configurable", {}).get(CONFIG_KEY_CHECKPOINTER)
        if self.config.journal.durable or saver is None:
            return self.config
        journal = journal_for(saver)
        return replace(self.config, journal=journal) if journal.durable else self.config


@contextmanager
def _unstreamed() -> Iterator[None]:
    """What a model says in this block is not streamed to whoever reads along: it has not passed the gate yet."""
    config = get_config()
    unread = {**config, "tags": [*(config.get("tags") or ()), NOT_STREAMED], "callbacks": _without_readers(config)}
    token = var_child_runnable_config.set(cast(RunnableConfig, unread))
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


def _without_readers(config: RunnableConfig) -> Callbacks:
    """The callbacks of a run without those that stream it (`astream_events`, `astream_log`); tracers stay."""
    callbacks = config.get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager):
        return [handler for handler in callbacks or () if not isinstance(handler, _READERS)]
    readers = [handler for handler in callbacks.handlers if isinstance(handler, _READERS)]
    kept = callbacks.copy() if readers else callbacks
    for handler in readers:
        kept.remove_handler(handler)
    return kept


def _conversation() -> str:
    """The thread this run belongs to; runs without a checkpointer have none."""
    return str(get_config().get("configurable", {}).get("thread_id", ""))
