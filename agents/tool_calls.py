"""Actions as tools of LangChain's: offered to its agent, and run by its tool node once the gate has let a call through.

So whatever surrounds a tool in LangChain surrounds an action too: callbacks and `astream_events`, injected state and
runtime, retries and other middlewares behind the gate. Called in any other way, an action refuses.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from copy import copy
from typing import Any

from langchain.tools.tool_node import ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.types import Command

from shopbot.agents.entry import Entered
from shopbot.agents.threads import awaited
from shopbot.tools.action import Action, ActionError, Call, Observation
from shopbot.tools.foreign import sent_arguments

_let_through: ContextVar[Call[Any] | None] = ContextVar("let_through", default=None)
"""The call that the gate has let through, while its action runs."""


def as_tool(action: Action) -> BaseTool:
    """What LangChain shows the model, and what its tool node runs.

    The schema is given as JSON: LangChain's own conversion of a pydantic model loses `additionalProperties: false`.
    """
    if action.tool is not None:
        return action.tool

    def run(**args: Any) -> tuple[str, tuple[Any]]:
        return _reported(action.run(_call_of(action), **args))

    async def arun(**args: Any) -> tuple[str, tuple[Any]]:
        return _reported(await action.run(_call_of(action), **args))

    return StructuredTool(
        name=action.name,
        description=action.description,
        args_schema=action.arguments.model_json_schema(),
        func=run,
        coroutine=arun if is_async_action(action) else None,
        response_format="content_and_artifact",
    )


def is_async_action(action: Action) -> bool:
    """Whether its function is a coroutine's."""
    return inspect.iscoroutinefunction(inspect.unwrap(action.run))


def runs_without_a_loop(action: Action) -> bool:
    """Whether LangChain's tool node can run it outside of an event loop; a tool that is only async it cannot."""
    return action.tool is None or getattr(action.tool, "func", action.tool) is not None


class Performance:
    """An action's call by LangChain's tool node: `handler` runs it, `updates` are what else the tool changes."""

    def __init__(self, action: Action, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> None:
        self._action = action
        self._request = request
        self._handler = handler
        self.updates: list[Command[Any]] = []

    @property
    def action(self) -> Action:
        """The action, run in this way."""
        action = copy(self._action)
        object.__setattr__(action, "run", self._run)  # `replace` would read its question anew
        return action

    def _run(self, call: Call[Any], **args: Any) -> Any:
        tool = self._action.tool
        sent = args if tool is None else sent_arguments(tool, args)
        request = self._request.override(tool_call={**self._request.tool_call, "args": sent})
        let_through = _let_through.set(call)
        try:
            return self._read(self._handled(request), args)
        except ToolException as error:
            raise ActionError(str(error)) from error
        finally:
            _let_through.reset(let_through)

    def _handled(self, request: ToolCallRequest) -> Any:
        """What the tool node returned; what the function of a write raised, whoever caught it."""
        if self._action.effect != "write" or request.tool is None:
            return self._handler(request)
        entered = Entered(request.tool, repeats=self._action.idempotent)
        try:
            return self._handler(request.override(tool=entered.tool))
        finally:
            if entered.failure is not None:
                raise entered.failure

    def _read(self, came: Any, args: Mapping[str, Any]) -> Any:
        """What the tool node returned, as what the action returned."""
        for each in came if isinstance(came, list) else [came]:
            if isinstance(each, Command):
                self.updates.append(each)
        message = next(self._messages(came), None)
        if message is None:
            return ""
        if self._action.read_result is not None:
            return self._action.read_result(message, args)
        if isinstance(message.artifact, tuple):
            return message.artifact[0]
        return Observation(message.text, data={"error": message.text}, ok=message.status != "error")

    def _messages(self, came: Any) -> Any:
        for each in came if isinstance(came, list) else [came]:
            told = each.update if isinstance(each, Command) else {"messages": [each]}
            listed = told.get("messages", ()) if isinstance(told, dict) else ()
            yield from (message for message in listed if isinstance(message, ToolMessage))

    def add_to(self, outcome: Command[Any]) -> Command[Any]:
        """What the gate says a call changes, and what the tool itself does besides."""
        if not self.updates:
            return outcome
        elsewhere = next((each for each in self.updates if each.graph is not None), None)
        if elsewhere is not None:  # a hand-over to another agent: the whole of it is for the graph around this one
            return elsewhere
        others = [each.update for each in self.updates if isinstance(each.update, dict)]
        merged = {key: value for update in others for key, value in update.items() if key != "messages"}
        goto = next((each.goto for each in self.updates if each.goto), ())
        return Command(update={**merged, **outcome.update}, goto=goto)  # type: ignore[dict-item]


def _call_of(action: Action) -> Call[Any]:
    call = _let_through.get()
    if call is None:
        raise RuntimeError(f"{action.name} was called around the gate")
    return call


def _reported(came: Any) -> tuple[str, tuple[Any]]:
    """Text for whoever reads along, and what the action returned, awaited if need be, for the gate."""
    if inspect.isawaitable(came):
        came = asyncio.run(awaited(came))
    text = str(came.text if isinstance(came, Observation) else came or "")
    return text.encode("utf-8", "replace").decode("utf-8"), (came,)
