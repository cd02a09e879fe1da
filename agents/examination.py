"""Examination: one proposal as a whole, calls or an answer, and what goes back to the engine when it does not hold."""

from __future__ import annotations

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from shopbot.agents.answering import faults_in, unknown_in
from shopbot.agents.result import RESULT
from shopbot.agents.rules import GateRules
from shopbot.agents.situation import Situation
from shopbot.agents.validation import Approved, Refusal, malformed_calls, refuse, validate
from shopbot.agents.wording import says
from shopbot.engines.protocol import REFUSED

_FAULTS = 3
"""Faults of one answer that go back to the engine at a time."""


def examine(message: AIMessage, situation: Situation, rules: GateRules) -> tuple[list[Approved], list[Refusal]]:
    """The calls of a proposal that may act, and all that does not hold in it; an answer is neither when it holds."""
    verdicts = [validate(call, situation) for call in message.tool_calls]
    verdicts = [_sound(verdict, situation) if isinstance(verdict, Approved) else verdict for verdict in verdicts]
    refusals = [verdict for verdict in verdicts if isinstance(verdict, Refusal)] + malformed_calls(message)
    if not message.tool_calls and not refusals:
        refusals += _answer_refused(message, situation, rules)
    return [verdict for verdict in verdicts if isinstance(verdict, Approved)], refusals


def _answer_refused(message: AIMessage, situation: Situation, rules: GateRules) -> list[Refusal]:
    """An answer must say something, be a result where one is asked for, and cite and quote what was retrieved."""
    nothing = ToolCall(name=RESULT, args={}, id=None, type="tool_call")
    if rules.result is not None:
        return [refuse(nothing, "no_result")]
    if not message.text.strip():
        return [refuse(nothing, "empty")]
    faults = faults_in(message, situation)
    return [refuse(nothing, "unsupported", faults=faults[:_FAULTS])] if faults else []


def _sound(approved: Approved, situation: Situation) -> Approved | Refusal:
    """A result, too, may cite only what was retrieved."""
    faults = unknown_in(approved.args, situation) if approved.action.name == RESULT else []
    return refuse(approved.call, "unsupported", faults=faults[:_FAULTS]) if faults else approved


def answered(message: AIMessage, refusals: list[Refusal], refused: int) -> list[AnyMessage]:
    """The refused proposal and why, for this step's next try only: neither enters the history."""
    mark = {REFUSED: refused}
    sentences = {str(refusal.call["id"]): refusal.sentence for refusal in refusals if refusal.call["id"]}
    if not sentences:
        said = [message] if message.text.strip() else []
        return [*said, HumanMessage(" ".join(refusal.sentence for refusal in refusals), additional_kwargs=mark)]
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    answers = [
        ToolMessage(
            sentences.get(call["id"] or "", says("held")),
            tool_call_id=call["id"],
            name=call["name"],
            status="error",
            additional_kwargs=mark,
        )
        for call in calls
    ]
    return [message, *answers]
