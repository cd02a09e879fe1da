"""The ReAct engine: makes a tool-calling engine of any model that completes text.

The model is asked in text (`shopbot.engines.react.transcript`) and read in text (`shopbot.engines.react.parser`). What
cannot be read without a guess comes back as an invalid tool call, so that the gate sends it back with its sentence.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, BaseLLM, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopbot.engines.protocol import NOT_STREAMED, THOUGHT, read_briefing
from shopbot.engines.react.grammar import react_grammar
from shopbot.engines.react.parser import Completion, read_completion
from shopbot.engines.react.transcript import Action, write_prompt
from shopbot.engines.reasoning import separate_reasoning

STOP = ["\nObservation:", "\nCustomer:"]


class ReactEngine(BaseChatModel):
    """`inner`, a chat or completion model, as a tool-calling engine."""

    inner: BaseChatModel | BaseLLM
    _can_stop: bool = PrivateAttr(default=True)

    @property
    def spec(self) -> str:
        """How this engine is named in traces."""
        return f"react:{getattr(self.inner, 'spec', '') or self.inner._llm_type}"

    @property
    def _llm_type(self) -> str:
        return "react"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions allowed now; `tool_choice` "any" leaves no room for a reply."""
        actions = [convert_to_openai_tool(tool)["function"] for tool in tools]
        return self.bind(actions=actions, must_act=tool_choice not in (None, "auto", "none"))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        actions: Sequence[Action] = (),
        must_act: bool = False,
        **kwargs: Any,
    ) -> ChatResult:
        asked, config = write_prompt(messages, actions, must_act=must_act), RunnableConfig(tags=[NOT_STREAMED])
        options = self._options(stop, actions, must_act)
        try:
            said = self.inner.invoke(asked, config, **options)
        except Exception as failure:
            if not self._learns_not_to_stop(failure):
                raise
            said = self.inner.invoke(asked, config)
        return _result(said, messages, actions)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        actions: Sequence[Action] = (),
        must_act: bool = False,
        **kwargs: Any,
    ) -> ChatResult:
        asked, config = write_prompt(messages, actions, must_act=must_act), RunnableConfig(tags=[NOT_STREAMED])
        options = self._options(stop, actions, must_act)
        try:
            said = await self.inner.ainvoke(asked, config, **options)
        except Exception as failure:
            if not self._learns_not_to_stop(failure):
                raise
            said = await self.inner.ainvoke(asked, config)
        return _result(said, messages, actions)

    def _options(self, stop: list[str] | None, actions: Sequence[Action], must_act: bool) -> dict[str, Any]:
        options: dict[str, Any] = {"stop": [*STOP, *(stop or ())]} if self._can_stop else {}
        if _takes_grammar(self.inner):
            options["grammar"] = react_grammar(actions, must_act=must_act)
        return options

    def _learns_not_to_stop(self, failure: Exception) -> bool:
        """Whether the model has just said that it knows no stop sequences, as OpenAI's reasoning models do.

        The reader throws away what comes after a made-up observation, so they save tokens and no more.
        """
        told = str(failure).casefold()
        learnt = self._can_stop and "stop" in told and "support" in told
        self._can_stop = self._can_stop and not learnt
        return learnt


def _result(said: Any, messages: Sequence[BaseMessage], actions: Sequence[Action]) -> ChatResult:
    answer = separate_reasoning(said if isinstance(said, AIMessage) else AIMessage(str(said)), headings=False)
    offered: dict[str, Mapping[str, Any] | None] = {action["name"]: action.get("parameters", {}) for action in actions}
    known = {**dict.fromkeys(_blocked(messages)), **offered}
    return ChatResult(generations=[ChatGeneration(message=_message(answer, read_completion(answer.text, known)))])


def _blocked(messages: Sequence[BaseMessage]) -> Iterable[str]:
    """Names of actions that exist and are not possible now: the model may mean one, and the gate says why not."""
    try:
        return read_briefing(messages)["blocked"]
    except ValueError:
        return ()


def _takes_grammar(inner: BaseChatModel | BaseLLM) -> bool:
    """Whether the model decodes under a GBNF grammar that it is given as an option of a call."""
    generate = getattr(inner, "_generate", None)
    return generate is not None and "grammar" in inspect.signature(generate).parameters


def _message(answer: AIMessage, read: Completion) -> AIMessage:
    """The answer as any other engine would have given it."""
    thoughts = [str(answer.additional_kwargs.get(THOUGHT, "")), read.thought]
    calls = [ToolCall(name=call.name, args=dict(call.args), id=_new_id(), type="tool_call") for call in read.calls]
    complaints = [
        InvalidToolCall(
            name=complaint.name or None,
            args=complaint.raw,
            id=_new_id(),
            error=complaint.sentence,
            type="invalid_tool_call",
        )
        for complaint in read.complaints
    ]
    return AIMessage(
        read.answer or read.aside,
        tool_calls=[*answer.tool_calls, *calls],
        invalid_tool_calls=[*answer.invalid_tool_calls, *complaints],
        additional_kwargs={THOUGHT: "\n".join(thought for thought in thoughts if thought)},
        response_metadata=answer.response_metadata,
        usage_metadata=answer.usage_metadata,
    )


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex}"
