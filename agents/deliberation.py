"""Deliberation: one step of the engine, from what it is told to a proposal that holds, a question, or an answer.

Written as one generator that yields what to ask the engine and is sent what came back, so that the sync and the async
path are the same code.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Generator, Mapping
from typing import Any

from langchain.agents.middleware import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.types import Command, Overwrite

from agents.briefing import brief
from agents.budget import Purse
from agents.history import marked, mend
from agents.result import RESULT
from agents.rules import GateRules, NoResultError
from agents.situation import Question, Situation
from agents.tracing import describe_answer
from agents.validation import Approved, Refusal, malformed_calls, refuse, together, validate
from prompts import load_data, render

logger = logging.getLogger(__name__)

Proposal = ModelResponse[Any] | Exception
Step = Generator[ModelRequest[Any], Proposal, ExtendedModelResponse[Any]]


class Deliberation:
    """One step of one conversation."""

    def __init__(self, request: ModelRequest[Any], rules: GateRules, conversation: str) -> None:
        self.request = request
        self.rules = rules
        self.conversation = conversation
        self.situation = Situation(request.state, rules.actions)
        self.purse = Purse(rules.budget, self.situation.state.get("spent"), new_turn=self.situation.is_opening)
        self.mended = mend(self.situation.messages) if self.situation.is_opening else None

    def run(self) -> Step:
        """Ask the engine until a proposal holds; after `repairs` refusals ask the customer instead.

        Raises:
            NoResultError: a structured result was asked for and did not come.
        """
        if self.situation.is_opening:
            self.rules.tracer.open_turn(self.conversation)
        if self.purse.exceeded:
            return self._give_up()
        request = self._told()
        approved: list[Approved] = []
        message = AIMessage("")
        for _ in range(self.rules.repairs + 1):
            with self._span("chat", "chat") as span:
                proposal = yield request
                if isinstance(proposal, Exception):
                    span.record_exception(proposal)
                    return self._broken(proposal)
                message = next(m for m in proposal.result if isinstance(m, AIMessage))
                describe_answer(span, message)
            self.purse.pay(message)
            approved, refusals = self._examine(message)
            if not refusals:
                return self._accept(message, approved)
            if self.purse.exceeded:
                return self._give_up()
            request = request.override(messages=[*request.messages, *_answered(message, refusals)])
        if approved:
            return self._accept(message, approved)
        if self.rules.result is not None:
            raise NoResultError(
                f"no {self.rules.result.__name__} came back in {self.rules.repairs + 1} tries; the last answer was "
                f"{message.text[:200]!r}. Try again, or ask for a simpler result."
            )
        return self._finish(_ask_for(self.situation.plan.awaiting))

    def _told(self) -> ModelRequest[Any]:
        """What the engine is asked: the actions allowed now, the briefing, the history as data."""
        offered = [tool for tool in self.request.tools if getattr(tool, "name", "") in self.situation.allowed]
        history = self.mended or list(self.request.messages)
        system = brief(self.request.system_message, self.situation)
        return self.request.override(tools=offered, system_message=system, messages=marked(history))

    def _examine(self, message: AIMessage) -> tuple[list[Approved], list[Refusal]]:
        with self._span("validate", "validate") as span:
            verdicts = [validate(call, self.situation) for call in message.tool_calls]
            refusals = [v for v in verdicts if isinstance(v, Refusal)] + malformed_calls(message)
            if not message.tool_calls and not refusals:
                refusals += self._answer_refused(message)
            span.set_attribute("shopbot.refused", [refusal.sentence for refusal in refusals])
        return [verdict for verdict in verdicts if isinstance(verdict, Approved)], refusals

    def _answer_refused(self, message: AIMessage) -> list[Refusal]:
        """An answer must say something, and be a result where one is asked for."""
        nothing = ToolCall(name=RESULT, args={}, id=None, type="tool_call")
        if self.rules.result is not None:
            return [refuse(nothing, "no_result")]
        return [] if message.text.strip() else [refuse(nothing, "empty")]

    def _accept(self, message: AIMessage, approved: list[Approved]) -> ExtendedModelResponse[Any]:
        """Let the calls through that may act together; an answer, a result or a question ends the turn."""
        if not approved:
            return self._finish(message.text, message)
        result = next((a for a in approved if a.action.name == RESULT), None)
        if result is not None and self.rules.result is not None:
            value = self.rules.result.model_validate(result.args)
            return self._finish(value.model_dump_json(), message, structured_response=value)
        unconfirmed = first_unconfirmed(approved, self.situation)
        if unconfirmed is not None:
            text = "\n\n".join(part for part in (message.text.strip(), self._question(unconfirmed)) if part)
            return self._finish(text, message, asked=unconfirmed)
        calls = [approval.call for approval in together(approved)]
        return self._act(message.model_copy(update={"tool_calls": calls, "invalid_tool_calls": []}))

    def _question(self, unconfirmed: Approved) -> str:
        """The question to the customer, shorter when it is the one that was put to them last."""
        action, args = unconfirmed.action, unconfirmed.args
        again = self.situation.state.get("question") == self.situation.question_for(action, args)
        return render(f"confirm/{action.confirm}.j2", facts=self.situation.facts, args=args, again=again)

    def _act(self, message: AIMessage) -> ExtendedModelResponse[Any]:
        return self._response(message, {"plan": self.situation.plan.as_state(), "opened": self.situation.opened})

    def _finish(
        self, text: str, message: AIMessage | None = None, *, asked: Approved | None = None, **more: Any
    ) -> ExtendedModelResponse[Any]:
        """End the turn with `text`, and remember what the customer has been asked."""
        situation = self.situation
        question: Question | None = situation.question_for(asked.action, asked.args) if asked else None
        awaiting = "confirmation" if asked else situation.asked_by_observation or situation.plan.awaiting
        if awaiting == "confirmation" and not asked:
            awaiting = None
        state: dict[str, Any] = {"awaiting": awaiting, "question": question, "opened": situation.opened, **more}
        if situation.plan.steps or situation.is_opening:
            state["plan"] = situation.plan.as_state()
        self.rules.tracer.close_turn(self.conversation, awaiting)
        ending = {"content": text, "tool_calls": [], "invalid_tool_calls": []}
        return self._response(AIMessage(text) if message is None else message.model_copy(update=ending), state)

    def _give_up(self) -> ExtendedModelResponse[Any]:
        """The budget is spent: hand over once, if there is an action for it, then say so."""
        name = self.rules.hand_over
        logger.warning("budget spent: %s", self.purse.exceeded)
        if name in self.situation.allowed and not self.situation.was_called(name):
            call = ToolCall(name=name, args={}, id=f"call_{uuid.uuid4().hex}", type="tool_call")
            return self._act(AIMessage("", tool_calls=[call]))
        return self._finish(says("spent"))

    def _broken(self, failure: Exception) -> ExtendedModelResponse[Any]:
        logger.error("the engine failed", exc_info=failure)
        self.purse.pay(None)
        return self._finish(says("broken"))

    def _response(self, message: AIMessage, state: Mapping[str, Any]) -> ExtendedModelResponse[Any]:
        update = {**state, "spent": self.purse.as_state()}
        if self.mended is not None:
            update["messages"] = Overwrite([*self.mended, message])
        return ExtendedModelResponse(ModelResponse(result=[message]), Command(update=update))

    def _span(self, name: str, operation: str) -> Any:
        return self.rules.tracer.span(self.conversation, name, operation)


def first_unconfirmed(approved: list[Approved], situation: Situation) -> Approved | None:
    """The first call that still needs the customer's yes."""
    return next((a for a in approved if a.action.confirm and not situation.has_consent(a.action, a.args)), None)


def _answered(message: AIMessage, refusals: list[Refusal]) -> list[AnyMessage]:
    """The refused proposal and why, for this step's next try only: neither enters the history."""
    sentences = {str(refusal.call["id"]): refusal.sentence for refusal in refusals if refusal.call["id"]}
    if not sentences:
        return [HumanMessage(" ".join(refusal.sentence for refusal in refusals))]
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    answers = [
        ToolMessage(
            sentences.get(call["id"] or "", says("held")), tool_call_id=call["id"], name=call["name"], status="error"
        )
        for call in calls
    ]
    return [message, *answers]


def says(key: str) -> Any:
    """A wording of the agent's own."""
    return load_data("agent/says.yaml")[key]


def _ask_for(slot: str | None) -> str:
    if slot is None:
        return str(says("lost"))
    return str(says("ask")).format(slot=says("slots").get(slot, slot.replace("_", " ")))
