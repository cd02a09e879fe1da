"""The run that a step belongs to: its conversation, and who reads along."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from langchain_core.callbacks import BaseCallbackManager, Callbacks
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers.event_stream import _AstreamEventsCallbackHandler
from langchain_core.tracers.log_stream import LogStreamCallbackHandler
from langgraph.config import get_config

from shopbot.engines.protocol import NOT_STREAMED

_READERS = (_AstreamEventsCallbackHandler, LogStreamCallbackHandler)
"""What streams a run to its reader and does not heed the tag `NOT_STREAMED`, as LangGraph's own streams do."""


@contextmanager
def unstreamed() -> Iterator[None]:
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


def is_followed() -> bool:
    """Whether anything is told of what happens in this run: a tracer, or whoever reads its events."""
    callbacks = get_config().get("callbacks")
    return bool(callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks)


def conversation_of_run() -> str:
    """The thread this run belongs to; runs without a checkpointer have none."""
    return str(get_config().get("configurable", {}).get("thread_id", ""))


class RunServices:
    """What the actions of a run work with: a value; or what a function, a method or a `partial` gives, which is asked
    once for each run and context."""

    def __init__(self, services: Any) -> None:
        self._services = services
        self._is_given = inspect.isroutine(services) or isinstance(services, partial)
        self._of_runs: WeakKeyDictionary[Callable[..., Any], tuple[Any, Any]] = WeakKeyDictionary()

    def of(self, runtime: Any) -> Any:
        """Those of the run that `runtime` belongs to: LangGraph makes it for each step, and its writer for a run."""
        if not self._is_given:
            return self._services
        context, services = self._of_runs.get(runtime.stream_writer, (None, None))
        if services is None or context is not runtime.context:
            services = self._services(runtime)
            self._of_runs[runtime.stream_writer] = (runtime.context, services)
        return services
