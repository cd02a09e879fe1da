"""A hosted chat model as an engine: asked again when its server fails, never waited for past the turn's deadline,
never left with half an answer, and billed.

Wraps any LangChain chat model. What it does not do: judge what the model proposes; that is the gate's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langchain_core.tools import BaseTool
from tenacity import AsyncRetrying, Retrying

from shopbot.engines.errors import AnswerTooLong, UnusableAnswer
from shopbot.engines.hosted_deadline import awithin, within
from shopbot.engines.hosted_prices import cost_of
from shopbot.engines.hosted_retry import patience
from shopbot.engines.hosted_schemas import mark_strict
from shopbot.engines.protocol import COST, read_deadline

LONGEST_ANSWER = 64_000
"""Characters of text and arguments; the longest reply a customer would read is a fraction of it."""
_ENDINGS = ("finish_reason", "stop_reason", "done_reason", "status")
_UNREADABLE = (ValueError, TypeError, LookupError)
"""What LangChain's integrations raise on a body that is not in the wire format."""


class HostedEngine(BaseChatModel):
    """`inner`, made reliable.

    Attributes:
        inner: the model behind a network.
        spec: PROVIDER:MODEL, by which its price is found.
        silence_s: seconds to wait for an answer, or for the next piece of a streamed one.
        tries: calls for one answer at most.
        ends_with_reason: whether its streams say why they end; one that does not has been cut off.
        strict: whether its provider can hold the decoding of arguments to their schema.
        streaming: have the answers streamed although nobody reads along.
    """

    inner: BaseChatModel
    spec: str
    silence_s: float = 60.0
    tries: int = 3
    ends_with_reason: bool = False
    strict: bool = False
    streaming: bool = False

    @property
    def model_name(self) -> str:
        """The model's name, without its provider."""
        return self.spec.partition(":")[2]

    @property
    def _llm_type(self) -> str:
        return self.inner._llm_type

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return self.inner._get_ls_params(stop=stop, **kwargs)

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions in the provider's own format."""
        bound = self.inner.bind_tools(tools, **kwargs)
        if not isinstance(bound, RunnableBinding):
            raise TypeError(f"{self.spec} does not bind tools as LangChain's models do: use another integration")
        if self.strict:
            mark_strict(bound.kwargs["tools"])
        return self.bind(**bound.kwargs)

    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """One answer, in as many tries as it takes and the deadline allows."""
        once = partial(super().invoke, input, config, stop=stop, **kwargs)
        return self._billed(Retrying(**patience(self.tries, self._deadline(input)))(once))

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """As `invoke`."""
        once = partial(super().ainvoke, input, config, stop=stop, **kwargs)
        return self._billed(await AsyncRetrying(**patience(self.tries, self._deadline(input)))(once))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        def ask() -> Iterator[ChatResult]:
            yield self.inner._generate(messages, stop=stop, **kwargs)

        deadline = min(self._deadline(messages), time.monotonic() + self.silence_s)
        try:
            return _checked(next(iter(within(ask, self.silence_s, deadline))))
        except _UNREADABLE as error:
            raise UnusableAnswer(f"the answer is not in the wire format ({type(error).__name__})") from None

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        try:
            async with asyncio.timeout(min(self.silence_s, self._deadline(messages) - time.monotonic())):
                return _checked(await self.inner._agenerate(messages, stop=stop, **kwargs))
        except _UNREADABLE as error:
            raise UnusableAnswer(f"the answer is not in the wire format ({type(error).__name__})") from None

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        watched = _Watch(self.ends_with_reason)
        ask = partial(self.inner._stream, messages, stop=stop, **kwargs)
        try:
            for chunk in within(ask, self.silence_s, self._deadline(messages)):
                yield watched.seen(chunk)
        except _UNREADABLE as error:
            raise UnusableAnswer(f"the stream is not in the wire format ({type(error).__name__})") from None
        watched.end()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        watched = _Watch(self.ends_with_reason)
        source: Any = self.inner._astream(messages, stop=stop, **kwargs)
        try:
            async for chunk in awithin(source, self.silence_s, self._deadline(messages)):
                yield watched.seen(chunk)
        except _UNREADABLE as error:
            raise UnusableAnswer(f"the stream is not in the wire format ({type(error).__name__})") from None
        watched.end()

    def _deadline(self, input: Any) -> float:
        told = read_deadline(input) if isinstance(input, list) else None
        return time.monotonic() + self.silence_s * self.tries if told is None else told

    def _billed(self, answer: AIMessage) -> AIMessage:
        answer.response_metadata[COST] = cost_of(self.spec, answer.usage_metadata)
        return answer


class _Watch:
    """Keeps an eye on a stream: how long it has become, and whether it came to its end."""

    def __init__(self, ends_with_reason: bool) -> None:
        self._ended = not ends_with_reason
        self._length = 0
        self._empty = True

    def seen(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """Take note of a piece and pass it on."""
        told = {**(chunk.generation_info or {}), **chunk.message.response_metadata}
        self._ended = self._ended or any(told.get(name) for name in _ENDINGS)
        self._length += _length(chunk)
        self._empty = False
        _refuse_long(self._length)
        return chunk

    def end(self) -> None:
        """The stream has ended."""
        if self._empty or not self._ended:
            raise UnusableAnswer(f"the stream broke off after {self._length} characters")


def _checked(result: ChatResult) -> ChatResult:
    if not result.generations:
        raise UnusableAnswer("the answer has no choices")
    _refuse_long(_length(result.generations[0]))
    return result


def _length(generation: ChatGeneration) -> int:
    message: Any = generation.message
    pieces = getattr(message, "tool_call_chunks", None) or message.additional_kwargs.get("tool_calls", ())
    arguments = (piece.get("args") or piece.get("function", {}).get("arguments") or "" for piece in pieces)
    return len(generation.text) + sum(len(written) for written in arguments)


def _refuse_long(length: int) -> None:
    if length > LONGEST_ANSWER:
        raise AnswerTooLong(f"the answer has more than {LONGEST_ANSWER:,} characters and was left")
