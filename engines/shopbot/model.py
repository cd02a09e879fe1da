"""The embedded planner as a LangChain chat model: reads the newest message, proposes one action, or answers.

What the customer's message calls for comes from the fine-tuned encoder (`shopbot.engines.shopbot.reader`); what comes
next when the message has been dealt with comes from the plan; wording comes from templates, filled from observations.
It keeps no state: everything it knows is in the messages and the briefing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopbot.engines.protocol import CONFIDENCE, TEMPLATED, THOUGHT, Briefing, read_briefing
from shopbot.engines.shopbot.confidence import confidence_of
from shopbot.engines.shopbot.context import context_of
from shopbot.engines.shopbot.follow_ups import in_context
from shopbot.engines.shopbot.plain_values import with_plain_values
from shopbot.engines.shopbot.proposals import Proposal, next_proposal
from shopbot.engines.shopbot.reader import Reader, Reading
from shopbot.engines.shopbot.replies import compose_reply
from shopbot.prompts import load_data, render


class PlannerEngine(BaseChatModel):
    """The engine that ships inside: no key, no network, milliseconds a step."""

    _reader: Reader = PrivateAttr()

    def __init__(self, reader: Reader | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reader = reader or Reader()

    @property
    def _llm_type(self) -> str:
        return "planner"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the actions allowed now; the planner proposes none but these."""
        offered = {}
        for tool in tools:
            schema = convert_to_openai_tool(tool)["function"]
            offered[schema["name"]] = tuple(schema.get("parameters", {}).get("required", ()))
        return self.bind(offered=offered)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        offered: dict[str, tuple[str, ...]] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        briefing = read_briefing(messages)
        turn = _turn(messages)
        reading = self._read(_spelled_out(turn[0].text), briefing)
        reading, question = in_context(turn[0].text, reading, messages[: -len(turn)], briefing)
        proposal = next_proposal(reading, turn, briefing, offered or {}, question)
        message = _message(proposal, reading, turn, briefing)
        sure = self._confidence(_spelled_out(turn[0].text), briefing)
        message.response_metadata |= {} if sure is None else {CONFIDENCE: sure}
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _confidence(self, message: str, briefing: Briefing) -> float | None:
        """How likely the message was read right; the reader remembers, so it is not read again."""
        return confidence_of(self._reader.read(context_of(briefing["turn_start"]), message))

    def _read(self, message: str, briefing: Briefing) -> Reading:
        reading = self._reader.read(context_of(briefing["turn_start"]), message)
        return with_plain_values(reading, message, briefing)


def _spelled_out(message: str) -> str:
    """The message with every emoji that says something in words: the encoder knows none."""
    for emoji, word in load_data("words/emoji.yaml").items():
        message = message.replace(emoji, f" {word} ")
    return message


def _message(proposal: Proposal | None, reading: Reading, turn: Sequence[BaseMessage], briefing: Briefing) -> AIMessage:
    """The proposal as a tool call; with what there is to say when it ends the turn."""
    ends_turn = proposal is None or proposal.action in briefing["confirm"]
    text = compose_reply(reading, turn, briefing, asks=proposal is None) if ends_turn else ""
    thought = render(
        "planner/thought.j2",
        acts=reading.strongest(),
        action=proposal.action.replace("_", " ") if proposal else None,
        called_for=proposal.called_for if proposal else False,
    )
    calls = []
    if proposal is not None:
        calls = [ToolCall(name=proposal.action, args=proposal.args, id=f"call_{uuid.uuid4().hex}", type="tool_call")]
    return AIMessage(text, tool_calls=calls, additional_kwargs={THOUGHT: thought}, response_metadata={TEMPLATED: True})


def _turn(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The newest customer's message and what followed it.

    Raises:
        ValueError: no customer has spoken.
    """
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            return messages[index:]
    raise ValueError("there is no customer's message to read")
