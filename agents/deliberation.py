"""Deliberation: one step of the engine, from what it is told to a proposal that holds, a question, or an answer.

Written as one generator that yields what to ask the engine and is sent what came back, so that the sync and the async
path are the same code.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Any

from langchain.agents.middleware import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall
from langgraph.types import Command, Overwrite

from shopbot.agents.answering import faults_in, rests_on_passages, safe_answer
from shopbot.agents.briefing import brief
from shopbot.agents.budget import Purse
from shopbot.agents.examination import answered, examine
from shopbot.agents.history import marked, mend
from shopbot.agents.recording import Decisions, by_the_gate
from shopbot.agents.result import RESULT
from shopbot.agents.rules import GateRules, NoResultError
from shopbot.agents.shares import add_shares, shares_of
from shopbot.agents.situation import Question, Situation
from shopbot.agents.tracing import describe_answer
from shopbot.agents.validation import Approved, Refusal, together
from shopbot.agents.verification import Verification
from shopbot.agents.wording import ask_for, says
from shopbot.engines.protocol import DEADLINE, Share
from shopbot.engines.reasoning import separate_reasoning
from shopbot.prompts import render

logger = logging.getLogger(__name__)

Asked = ModelRequest[Any] | Callable[[], Any]
"""What a step yields: a model call, or an errand that may take a while. It is sent the result, or the exception."""
Step = Generator[Asked, Any, ExtendedModelResponse[Any]]


class Deliberation:
    """One step of one conversation."""

    def __init__(self, request: ModelRequest[Any], rules: GateRules, conversation: str) -> None:
        self.request = request
        self.rules = rules
        self.conversation = conversation
        self.situation = Situation(request.state, rules.actions)
        self.purse = Purse(rules.budget, self.situation.state.get("spent"), new_turn=self.situation.is_opening)
        self.shares: list[Share] = []
        self.decisions = Decisions(self.situation, rules, conversation)
        self.mended = mend(self.situation.messages) if self.situation.is_opening else None
        self.verified: list[dict[str, str]] | None = None

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
        for refused in range(1, self.rules.repairs + 2):
            proposal = yield from self._ask(request)
            if isinstance(proposal, Exception):
                return self._broken(proposal)
            message = proposal
            approved, refusals = self._examine(message)
            self.decisions.refused(message, refusals)
            if not refusals:
                return self._accept(message if approved else (yield from self._verify(message)), approved)
            if self.purse.exceeded:
                return self._give_up()
            request = request.override(messages=[*request.messages, *answered(message, refusals, refused)])
        if approved:
            return self._accept(message, approved)
        if self.rules.result is not None:
            raise NoResultError(
                f"no {self.rules.result.__name__} came back in {self.rules.repairs + 1} tries; the last answer was "
                f"{message.text[:200]!r}. Try again, or ask for a simpler result."
            )
        return self._finish(self._last_resort())

    def _ask(self, request: ModelRequest[Any]) -> Generator[Asked, Any, AIMessage | Exception]:
        """One call of the engine, paid for."""
        with self._span("chat", "chat") as span:
            started = time.monotonic()
            proposal = yield request
            if isinstance(proposal, Exception):
                span.record_exception(proposal)
                self.purse.pay(None)
                return proposal
            message = separate_reasoning(next(m for m in proposal.result if isinstance(m, AIMessage)))
            shares = shares_of(message, request.model, time.monotonic() - started)
            describe_answer(span, message, shares)
        self.shares += shares
        self.purse.pay(message)
        return message

    def _ask_aside(self, system: str, prompt: str) -> Generator[Asked, Any, str | None]:
        """The engine's words to a prompt outside of the conversation; None when it fails or the budget is spent."""
        if self.purse.exceeded:
            return None
        told = SystemMessage(system, additional_kwargs={DEADLINE: self.purse.deadline})
        messages: list[AnyMessage] = [HumanMessage(prompt)]
        answer = yield from self._ask(self.request.override(system_message=told, messages=messages, tools=[]))
        if isinstance(answer, Exception):
            logger.warning("an answer was not verified: the engine failed", exc_info=answer)
            return None
        return answer.text.strip() if not answer.tool_calls else None

    def _verify(self, draft: AIMessage) -> Generator[Asked, Any, AIMessage]:
        """The draft, or what a chain of verification makes of it, where one is wanted."""
        if not (self.rules.verify and rests_on_passages(draft, self.situation)):
            return draft
        chain = Verification(self.situation, self.rules, self.conversation, self._ask_aside)
        revised, self.verified = yield from chain.run(draft)
        return revised

    def _told(self) -> ModelRequest[Any]:
        """What the engine is asked: the actions allowed now, the briefing, the history as data."""
        offered = [tool for tool in self.request.tools if getattr(tool, "name", "") in self.situation.allowed]
        history = self.mended or list(self.request.messages)
        system = brief(self.request.system_message, self.situation)
        system.additional_kwargs[DEADLINE] = self.purse.deadline
        told = self.request.override(tools=offered, system_message=system, messages=marked(history))
        # Where prose will not do, the provider is told to have an action called: the result, or one on the way to it.
        return told.override(tool_choice="any") if self.rules.result else told

    def _examine(self, message: AIMessage) -> tuple[list[Approved], list[Refusal]]:
        with self._span("validate", "validate") as span:
            approved, refusals = examine(message, self.situation, self.rules)
            span.set_attribute("shopbot.refused", [refusal.sentence for refusal in refusals])
        return approved, refusals

    def _accept(self, message: AIMessage, approved: list[Approved]) -> ExtendedModelResponse[Any]:
        """Let the calls through that may act together; an answer, a result or a question ends the turn."""
        if not approved:
            self.decisions.replied(message)
            return self._finish(message.text, message)
        result = next((a for a in approved if a.action.name == RESULT), None)
        if result is not None and self.rules.result is not None:
            value = self.rules.result.model_validate(result.args)
            self.decisions.proposed(message, result.call)
            return self._finish(value.model_dump_json(), message, structured_response=value)
        unconfirmed = first_unconfirmed(approved, self.situation)
        if unconfirmed is not None:
            self.decisions.proposed(message, unconfirmed.call)
            said = safe_answer(self.situation) if faults_in(message, self.situation) else message.text.strip()
            text = "\n\n".join(part for part in (said, self._question(unconfirmed)) if part)
            return self._finish(text, message, asked=unconfirmed)
        calls = [approval.call for approval in together(approved)]
        aside = "" if faults_in(message, self.situation, aside=True) else message.content
        return self._act(message.model_copy(update={"content": aside, "tool_calls": calls, "invalid_tool_calls": []}))

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
        if self.verified is not None:
            state["verified"] = self.verified
        if situation.plan.steps or situation.is_opening:
            state["plan"] = situation.plan.as_state()
        self.rules.tracer.close_turn(self.conversation, awaiting)
        ending = {"content": text, "tool_calls": [], "invalid_tool_calls": []}
        return self._response(AIMessage(text) if message is None else message.model_copy(update=ending), state)

    def _last_resort(self) -> str:
        """What is said when no proposal held: the answer that needs no engine, if there is one, and what is missing."""
        answer, awaiting = safe_answer(self.situation), self.situation.plan.awaiting
        if not answer:
            return ask_for(awaiting)
        return answer if awaiting in (None, "confirmation") else f"{answer}\n\n{ask_for(awaiting)}"

    def _give_up(self) -> ExtendedModelResponse[Any]:
        """The budget is spent: hand over once, if there is an action for it, then say so."""
        name = self.rules.hand_over
        logger.warning("budget spent: %s", self.purse.exceeded)
        if name in self.situation.allowed and not self.situation.was_called(name):
            call = ToolCall(name=name, args={}, id=f"call_{uuid.uuid4().hex}", type="tool_call")
            return self._act(by_the_gate(call))
        return self._finish(says("spent"))

    def _broken(self, failure: Exception) -> ExtendedModelResponse[Any]:
        logger.error("the engine failed", exc_info=failure)
        return self._finish(says("broken"))

    def _response(self, message: AIMessage, state: Mapping[str, Any]) -> ExtendedModelResponse[Any]:
        engines = add_shares(self.situation.state.get("engines"), self.shares, ends_turn=not message.tool_calls)
        update = {**state, "spent": self.purse.as_state(), "engines": engines}
        if self.mended is not None:
            update["messages"] = Overwrite([*self.mended, message])
        return ExtendedModelResponse(ModelResponse(result=[message]), Command(update=update))

    def _span(self, name: str, operation: str) -> Any:
        return self.rules.tracer.span(self.conversation, name, operation)


def first_unconfirmed(approved: list[Approved], situation: Situation) -> Approved | None:
    """The first call that still needs the customer's yes."""
    return next((a for a in approved if a.action.confirm and not situation.has_consent(a.action, a.args)), None)
