"""The cascade as a chat model: its engines are asked in turn, the cheapest first.

An engine's answer stands when it is confident enough, or when it cannot say how confident it is. The next engine is
asked when it is not, when it fails, and when the gate has refused what it proposed (the refusal is marked in the
messages: `shopbot.engines.protocol.REFUSED`). When every later engine fails, an answer that was held back for want of
confidence stands after all. Each answer names the engines behind it (`shopbot.engines.protocol.ENGINES`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from shopbot.engines.cascade.thresholds import load_thresholds
from shopbot.engines.drive import adrive, drive
from shopbot.engines.errors import EngineError
from shopbot.engines.protocol import (
    CONFIDENCE,
    COST,
    ENGINES,
    NOT_STREAMED,
    READS_CANDIDATES,
    EngineUsage,
    count_refusals,
)

logger = logging.getLogger(__name__)

Asking = Generator[Runnable[LanguageModelInput, AIMessage], AIMessage, AIMessage]


def make_cascade(specs: str, make: Callable[[str], BaseChatModel], thresholds: Path | None = None) -> CascadeEngine:
    """The cascade of the engines that `specs` names, separated by commas, the cheapest first.

    Args:
        make: makes each of them.
        thresholds: the file of their thresholds; by default the shipped one.

    Raises:
        EngineError: fewer than two, or one of them cannot be made.
    """
    names = [spec.strip() for spec in specs.split(",")]
    if len(names) < 2 or not all(names):
        raise EngineError(f"The engine is 'cascade:{specs}'; name two engines or more: cascade:planner,openai:MODEL.")
    return CascadeEngine(
        specs=names, engines=[make(spec) for spec in names], thresholds=load_thresholds(names, thresholds)
    )


class CascadeEngine(BaseChatModel):
    """`engines` with their `specs` and `thresholds`, one each, the cheapest first."""

    specs: list[str]
    engines: list[BaseChatModel]
    thresholds: list[float]

    @property
    def spec(self) -> str:
        """How this engine is named in traces."""
        return f"cascade:{','.join(self.specs)}"

    @property
    def reads_candidates(self) -> bool:
        """Whether one of them decodes under a grammar of what was said."""
        return any(getattr(engine, READS_CANDIDATES, False) for engine in self.engines)

    @property
    def _llm_type(self) -> str:
        return "cascade"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions allowed now; each engine binds them in its own way when it is asked."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], choice=kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        unstreamed = RunnableConfig(tags=[NOT_STREAMED])
        return _result(
            drive(self._ask(messages, **kwargs), lambda engine: engine.invoke(messages, unstreamed, stop=stop))
        )

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        unstreamed = RunnableConfig(tags=[NOT_STREAMED])
        asking = self._ask(messages, **kwargs)
        return _result(await adrive(asking, lambda engine: engine.ainvoke(messages, unstreamed, stop=stop)))

    def _ask(
        self, messages: Sequence[BaseMessage], *, tools: Sequence[dict[str, Any]] = (), choice: Any = None, **_: Any
    ) -> Asking:
        """Yields whom to ask and is sent the answer; ends with the answer that stands."""
        record = _Record()
        failure: Exception | None = None
        last = len(self.engines) - 1
        for place in range(min(count_refusals(messages), last), last + 1):
            engine = self.engines[place]
            started = time.perf_counter()
            try:
                said = yield engine.bind_tools(deepcopy(list(tools)), **(choice or {})) if tools else engine
            except Exception as error:
                logger.warning("engine %s failed", self.specs[place], exc_info=error)
                record.failed(self.specs[place], time.perf_counter() - started)
                failure = error
                continue
            seconds = time.perf_counter() - started
            stands = place == last or self._is_sure(said, place)
            record.answered(self.specs[place], seconds, said, stands=stands)
            if stands:
                return record.complete(said)
        if record.held is None:
            raise failure or EngineError(f"The engine {self.spec!r} has nobody to ask.")
        return record.complete_held()

    def _is_sure(self, said: AIMessage, place: int) -> bool:
        confidence = said.response_metadata.get(CONFIDENCE)
        return confidence is None or confidence >= self.thresholds[place]


@dataclass
class _Record:
    """Who has been asked for one answer, and the newest answer that was held back."""

    shares: list[EngineUsage] = field(default_factory=list)
    usage: UsageMetadata | None = None
    held: AIMessage | None = None
    held_share: EngineUsage | None = None

    def failed(self, spec: str, seconds: float) -> None:
        self.shares.append(EngineUsage(engine=spec, seconds=seconds, tokens=0, cost=0.0, outcome="failed"))

    def answered(self, spec: str, seconds: float, said: AIMessage, *, stands: bool) -> None:
        tokens = said.usage_metadata["total_tokens"] if said.usage_metadata else 0
        cost: float | None = said.response_metadata.get(COST, None if tokens else 0.0)
        share = EngineUsage(
            engine=spec, seconds=seconds, tokens=tokens, cost=cost, outcome="answered" if stands else "unsure"
        )
        self.shares.append(share)
        self.usage = add_usage(self.usage, said.usage_metadata)
        if not stands:
            self.held, self.held_share = said, share

    def complete(self, said: AIMessage) -> AIMessage:
        """The answer with everybody's part in it: what was spent on the way is spent."""
        costs = [share["cost"] for share in self.shares]
        total = None if None in costs else sum(cost for cost in costs if cost is not None)
        metadata = {**said.response_metadata, ENGINES: list(self.shares), COST: total}
        usage = self.usage if self.usage and self.usage["total_tokens"] else None
        return said.model_copy(update={"response_metadata": metadata, "usage_metadata": usage})

    def complete_held(self) -> AIMessage:
        """The answer that was held back, after all."""
        if self.held is None or self.held_share is None:
            raise RuntimeError("no answer was held back")
        self.held_share["outcome"] = "answered"
        return self.complete(self.held)


def _result(answer: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=answer)])
