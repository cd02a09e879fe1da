"""What a step can come to: calls that run, a question to the customer, an answer, or an apology, with all that is kept
of it in the conversation's state."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langchain.agents.middleware import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langgraph.types import Command, Overwrite

from shopbot.agents.answering import faults_in
from shopbot.agents.approvals import keep
from shopbot.agents.budget import BudgetTracker, add_usage
from shopbot.agents.config import GateConfig
from shopbot.agents.consent import asked_terms, new_question, worded
from shopbot.agents.decisions import by_the_gate, record
from shopbot.agents.deeds import unsupported_claims
from shopbot.agents.history import excuse, told_in_turn
from shopbot.agents.proposal import RESULT, Approved, first_unconfirmed, together
from shopbot.agents.proposing import Proposing
from shopbot.agents.state import TurnState
from shopbot.agents.stuck import is_repeated, stuck_reply, times_stuck, was_handed_over
from shopbot.engines.protocol import EngineUsage
from shopbot.engines.recording.trace_format import Outcome
from shopbot.engines.templated import is_templated, unmarked
from shopbot.prompts import render

logger = logging.getLogger(__name__)
Response = ExtendedModelResponse[Any]


class StepResponses:
    """One step of one conversation: what it has read, what it spends and changes, and the responses that end it."""

    def __init__(self, request: ModelRequest[Any], config: GateConfig, conversation: str) -> None:
        self.request = request
        self.config = config
        self.state = TurnState(request.state, config, conversation)
        self.opens = self.state.is_opening
        spent, acted_s = self.state.values.get("spent"), self.state.acted_s
        self.budget = BudgetTracker(config.budget, spent, new_turn=self.opens, acted_s=acted_s)
        self.usage: list[EngineUsage] = []
        self.update: dict[str, Any] = {}
        self.structured: ModelResponse[Any] | None = None
        """The engine's answer where LangChain itself has read a structured response out of it."""

    def _accept(self, message: AIMessage, approved: list[Approved]) -> Response:
        """Let the calls through that may act together; an answer, a result or a question ends the turn."""
        if not approved:
            self._note(message, None, "replied")
            return self._finish(message.text, message)
        result = next((a for a in approved if a.action.name == RESULT), None)
        if result is not None and self.config.result is not None:
            value = self.config.result.model_validate(result.args)
            self._note(message, result.call, "accepted")
            return self._finish(value.model_dump_json(), message, structured_response=value)
        unconfirmed = first_unconfirmed(approved, self.state)
        if unconfirmed is not None:
            self._note(message, unconfirmed.call, "accepted")
            return self._put_question(message, unconfirmed)
        acting = together(approved)
        keep(acting, self.state)
        calls = [approval.call for approval in acting]
        holds = not (faults_in(message, self.state, aside=True) or unsupported_claims(message, self.state))
        aside = message.content if holds else ""
        return self._act(message.model_copy(update={"content": aside, "tool_calls": calls, "invalid_tool_calls": []}))

    def _put_question(self, message: AIMessage, unconfirmed: Approved) -> Response:
        """Ask the customer. What stands in front of the question is worded by code too, from this turn's observations:
        an engine's own words could make it another question."""
        action, args = unconfirmed.action, unconfirmed.args
        said = message.text.strip() if is_templated(message) else told_in_turn(self.state)
        before = self.state.values.get("question")
        again = before is not None and before["digest"] == asked_terms(action, args, self.state)
        asking = worded(action, args, self.state, again=again)
        if again:
            asking = f"{asking}\n\n{render('agent/confirm_again.j2', deed=action.title)}"
        return self._finish("\n\n".join(filter(None, (said, asking))), message, asked=unconfirmed)

    def _act(self, message: AIMessage) -> Response:
        plan = self.state.plan.as_state()
        changed = plan != self.state.values.get("plan")
        return self._response(message, {"plan": plan} if changed else {}, ends_turn=False)

    def _finish(
        self, text: str, message: AIMessage | None = None, *, asked: Approved | None = None, **more: Any
    ) -> Response:
        """End the turn with `text`, and remember what the customer has been asked."""
        state = self.state
        given = more.get("structured_response")
        # Whoever proposes from outside reads the same answer as often as they ask for it.
        reads_on = self.config.prose and given is None and not isinstance(self.request.model, Proposing)
        if reads_on and is_repeated(text, state):
            if times_stuck(state) and not was_handed_over(state) and (handing := self._handing_over()):
                return handing
            handed = self.config.hand_over is not None and state.was_called(self.config.hand_over)
            text, asked = (handed and told_in_turn(state)) or stuck_reply(state), None
        question = new_question(asked.action, asked.args, state) if asked else None
        waits_for = state.asked_by_observation or state.plan.awaiting
        awaiting = "confirmation" if asked else waits_for if waits_for != "confirmation" else None
        told: dict[str, Any] = {"awaiting": awaiting, "question": question, **more}
        if self.config.result is not None:
            told["structured_response"] = given  # that of an earlier turn is no answer to this one
        if state.plan.steps or self.opens:
            told["plan"] = state.plan.as_state()
        self.config.tracer.close_turn(state.turn_id, awaiting)
        notice = self.update.pop("notice", "") if self.opens else state.values.get("notice")
        if notice and not self.opens:
            told["notice"] = ""
        whole = text if given is not None or not self.config.prose else "\n\n".join(filter(None, (notice, text)))
        ending = {"content": whole, "tool_calls": [], "invalid_tool_calls": []}
        ended = (message or AIMessage("")).model_copy(update=ending)
        ended.id = question["message"] if question else ended.id
        return self._response(ended, told, ends_turn=True)

    def _give_up(self) -> Response:
        """The budget is spent: hand over once, if there is an action for it, then say so."""
        logger.warning("budget spent: %s", self.budget.exceeded)
        return self._handing_over() or self._finish(excuse("spent", self.state))

    def _handing_over(self) -> Response | None:
        """The call that hands the conversation over, where there is an action for it that has not run in this turn."""
        name = self.config.hand_over
        if name not in self.state.allowed or self.state.was_called(name):
            return None
        call = ToolCall(name=name, args={}, id=f"call_{uuid.uuid4().hex}", type="tool_call")
        return self._act(by_the_gate(call))

    def _pass_on(self, proposal: ModelResponse[Any]) -> Response:
        """LangChain's structured response, or its own word to the engine that there is none yet, without calls beside
        it: LangChain would have them run, and nothing has checked them."""
        ends = proposal.structured_response is not None
        told: dict[str, Any] = {"awaiting": None, "question": None} if ends else {}
        message = next(m for m in proposal.result if isinstance(m, AIMessage))
        answered = {m.tool_call_id for m in proposal.result if isinstance(m, ToolMessage)}
        calls = [call for call in message.tool_calls if call["id"] in answered]
        alone = message.model_copy(update={"tool_calls": calls, "invalid_tool_calls": []})
        result = [alone if each is message else each for each in proposal.result]
        response = self._response(alone, told, ends_turn=ends)
        return ExtendedModelResponse(replace(proposal, result=result), response.command)

    def _response(self, message: AIMessage, told: Mapping[str, Any], *, ends_turn: bool) -> Response:
        message = unmarked(message)
        engines = add_usage(self.state.values.get("engines"), self.usage, ends_turn=ends_turn)
        update = {**self.update, **told, "spent": self.budget.as_state(), "engines": engines}
        if "messages" in update:
            update["messages"] = Overwrite([*self.state.messages, message])
        return ExtendedModelResponse(ModelResponse(result=[message]), Command(update=update))

    def _note(self, message: AIMessage, call: ToolCall | None, outcome: Outcome) -> None:
        if self.config.recorder is not None:
            record(message, call, outcome, self.state)
