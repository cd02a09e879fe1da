"""A write as LangChain's tool node enters it: what its function came to is known, whatever a middleware makes of it.

A middleware behind the gate may run a tool again and put words of its own in the place of an exception. A write that
is not idempotent is entered once all the same, and an exception of its function reaches the gate, which alone can tell
that the outcome is unknown.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from langchain_core.tools import BaseTool, ToolException


class Entered:
    """The function of a tool: entered again only where it `repeats`; else it gives what the first entry came to."""

    def __init__(self, tool: BaseTool, *, repeats: bool) -> None:
        self._tool = tool
        self._repeats = repeats
        self._is_entered = False
        self._came: Any = None
        self._raised: Exception | None = None
        self.failure: Exception | None = None
        """What the function raised, or that it has not ended; None when it returned or the tool itself answers."""

    @property
    def tool(self) -> BaseTool:
        """The tool, with this function for its own; its schema and its callbacks are the same."""
        tool = self._tool.model_copy()
        # A pydantic model lets no method be set; the signatures, which LangChain reads, stay those of the tool.
        vars(tool).update(_run=self._sync(self._tool._run), _arun=self._async(self._tool._arun))
        return tool

    def _sync(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            if self._may_enter():
                try:
                    self._end(function(*args, **kwargs))
                except Exception as error:
                    self._fail(error)
                    raise
            return self._ended()

        return run

    def _async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            if self._may_enter():
                try:
                    self._end(await function(*args, **kwargs))
                except Exception as error:
                    self._fail(error)
                    raise
            return self._ended()

        return run

    def _may_enter(self) -> bool:
        if self._is_entered and not self._repeats:
            return False
        self._is_entered = True
        self.failure = self._raised = RuntimeError(f"{self._tool.name} was begun and has not ended")
        return True

    def _end(self, came: Any) -> None:
        self._came, self.failure, self._raised = came, None, None

    def _fail(self, error: Exception) -> None:
        answered = isinstance(error, ToolException) and bool(self._tool.handle_tool_error)
        self._raised, self.failure = error, None if answered else error

    def _ended(self) -> Any:
        if self._raised is not None:
            raise self._raised
        return self._came
