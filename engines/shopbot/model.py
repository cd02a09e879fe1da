"""The embedded planner as a LangChain chat model: reads the newest message, proposes one action, or answers.

What the customer's message calls for comes from the fine-tuned encoder (`shopbot.engines.shopbot.reader`); what comes
next when the message has been dealt with comes from the plan; wording comes from templates, filled from observations.
It keeps no state: everything it knows is in the messages and the briefing.

With an answer goes how likely its message was read right. The reader's own probabilities are too sure of themselves:
their product over all acts and values is calibrated by a logistic function of its log-odds (Platt 1999, "Probabilistic
outputs for support vector machines") whose two numbers `shopbot optimize cascade --fit` finds on labelled messages;
without its file there is no confidence.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopbot.engines.protocol import CONFIDENCE, THOUGHT, Briefing, read_briefing
from shopbot.engines.shopbot.proposals import Proposal, next_proposal
from shopbot.engines.shopbot.reader import Reader, Reading
from shopbot.engines.shopbot.understanding import context_of, in_context, with_plain_values
from shopbot.engines.templated import templated
from shopbot.prompts import exists, load_data, render

CALIBRATION = Path(__file__).with_name("confidence.json")
SIGNALS = ("joint",)
_TINY = 1e-4
"""Keeps log-odds finite; the reader rounds its probabilities to as many digits."""


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
            if isinstance(tool, BaseTool) and isinstance(tool.args_schema, dict):  # as the gate makes them
                offered[tool.name] = tuple(tool.args_schema.get("required", ()))
                continue
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
        message = _spelled_out(turn[0].text)
        read = self._reader.read(context_of(briefing["turn_start"]), message)
        reading = with_plain_values(read, message, briefing)
        reading, question = in_context(turn[0].text, reading, messages[: -len(turn)], briefing)
        proposal = next_proposal(reading, turn, briefing, offered or {}, question)
        answer = _message(proposal, reading, turn, briefing)
        sure = confidence_of(read)
        answer.response_metadata |= {} if sure is None else {CONFIDENCE: sure}
        return ChatResult(generations=[ChatGeneration(message=answer)])


def _spelled_out(message: str) -> str:
    """The message with every emoji that says something in words: the encoder knows none."""
    if message.isascii():
        return message
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
    return templated(AIMessage(text, tool_calls=calls, additional_kwargs={THOUGHT: thought}))


def _turn(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The newest customer's message and what followed it.

    Raises:
        ValueError: no customer has spoken.
    """
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            return messages[index:]
    raise ValueError("there is no customer's message to read")


def compose_reply(reading: Reading, turn: Sequence[BaseMessage], briefing: Briefing, *, asks: bool) -> str:
    """What there is to say: a word to the customer's tone, the observations, then the question for what is missing."""
    observed = [m for m in turn if isinstance(m, ToolMessage) and m.artifact and not _is_vain(m, reading)]
    news = [text for text in dict.fromkeys(_observation_reply(message, briefing) for message in observed) if text]
    parts = [*_manners(reading, briefing, bool(news)), *news]
    if asks and not any(message.artifact.get("awaiting") for message in observed):
        parts += _question(briefing, reading)
    return "\n\n".join(parts) if parts or not asks else str(_lines()["unclear"])


def _is_vain(message: ToolMessage, reading: Reading) -> bool:
    """Whether the documents say nothing to what was taken for none of the shop's business: then it is none."""
    data, ok = message.artifact["data"], message.artifact["ok"]
    return message.name == "search_policies" and ok and not data.get("passages") and not reading.performs("ask_policy")


def _observation_reply(message: ToolMessage, briefing: Briefing) -> str:
    path = f"replies/{message.name}.j2"
    if not exists(path):
        return ""
    artifact = message.artifact
    return render(
        path,
        data=artifact["data"],
        ok=artifact["ok"],
        facts=briefing["facts"],
        citations=artifact["citations"],
    )


def _manners(reading: Reading, briefing: Briefing, has_news: bool) -> Iterator[str]:
    """A line for each act that is answered by wording alone; most only when there is nothing else to say."""
    lines = load_data("replies/manners.yaml")
    yield from _spoken(lines["always"], reading)
    if has_news:
        return
    waits = briefing["awaiting"]
    alone = {**(lines["unconfirmed"] if waits == "confirmation" else {}), **lines["alone"]}
    yield from [*_spoken(alone, reading)][:1]
    yield from _spoken(lines["closing"], reading)
    if waits is None:
        yield from [*_spoken(lines["idle"], reading)][:1]


def _spoken(lines: dict[str, str], reading: Reading) -> Iterator[str]:
    return (line for act, line in lines.items() if reading.performs(act))


def _question(briefing: Briefing, reading: Reading) -> list[str]:
    """The question for what the plan waits for; how to find it when the customer has just said they cannot."""
    slot = briefing["awaiting"]
    if slot is None or slot == "confirmation":
        return []
    lines = _lines()
    if reading.performs("cannot_provide") and slot in lines["find"]:
        return [lines["find"][slot]]
    return [lines["ask"].get(slot, slot)]


def _lines() -> dict[str, Any]:
    lines: dict[str, Any] = load_data("replies/questions.yaml")
    return lines


def signals_of(reading: Reading) -> list[float]:
    """What the confidence is made of, in the order of `SIGNALS`: the log-odds that every act and every value is right,
    taken as independent of each other."""
    joint = math.prod(max(score, 1 - score) for score in reading.acts.values())
    joint *= math.prod(span.score for span in reading.spans)
    return [math.log((joint + _TINY) / (1 - joint + _TINY))]


def confidence_of(reading: Reading) -> float | None:
    """The probability, from 0 to 1, that every act and value in the message was read right; None: not calibrated."""
    found = calibrated([signals_of(reading)])
    return None if found is None else round(found[0], 4)


def calibrated(rows: Sequence[Sequence[float]], file: Path = CALIBRATION) -> list[float] | None:
    """The probability for each row of signals; None when there is no calibration for these signals."""
    calibration = _calibration(file)
    if calibration is None or len(calibration[0]) != len(SIGNALS):
        return None
    weights, intercept = calibration
    odds = (sum(weight * signal for weight, signal in zip(weights, row, strict=True)) + intercept for row in rows)
    return [1 / (1 + math.exp(-max(-50.0, min(50.0, each)))) for each in odds]


@cache
def _calibration(file: Path) -> tuple[tuple[float, ...], float] | None:
    if not file.is_file():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    return tuple(found["weights"]), found["intercept"]
