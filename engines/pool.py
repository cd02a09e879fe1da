"""Threads for what a coroutine waits for: as many as are needed at once, kept for the next.

Not the event loop's own: those are few and the program's. When all of them wait for the turn of a conversation, that
turn must not need one of them to go on.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

Given = ParamSpec("Given")
Result = TypeVar("Result")

_pool = ThreadPoolExecutor(max_workers=1_000, thread_name_prefix="agent")


async def in_pool(run: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """What `run` gives in a thread of the pool, in this context."""
    work = partial(contextvars.copy_context().run, run, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, work)


class PooledChatModel(BaseChatModel):
    """A chat model that computes: awaited, it does so in the pool."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        manager = run_manager.get_sync() if run_manager else None
        return await in_pool(self._generate, messages, stop, manager, **kwargs)
