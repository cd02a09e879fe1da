"""One step of the engine: from what it is told to a proposal that holds, a question to the customer, or an answer.

Written as one generator that yields what to ask the engine and is sent what came back, so that the sync and the async
path are the same code.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain.agents.middleware import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, Overwrite

from shopbot.agents.act import Settled, settle
from shopbot.agents.answering import faults_in, rests_on_passages
from shopbot.agents.approvals import keep
from shopbot.agents.budget import BudgetTracker, add_usage, usage_of
from shopbot.agents.config import GateConfig, NoResultError
from shopbot.agents.consent import asked_terms, new_question, worded
from shopbot.agents.decisions import by_the_gate, record
from shopbot.agents.deeds import unsupported_claims
from shopbot.agents.events import REFUSED
from shopbot.agents.history import brief, excuse, is_repeated, last_resort, marked, notices, told_in_turn, with_own_ids
from shopbot.agents.plan import merge_facts
from shopbot.agents.proposal import (
    NOT_DONE,
    RESULT,
    Approved,
    Refusal,
    check_proposal,
    first_unconfirmed,
    returned,
    together,
)
from shopbot.agents.proposing import Proposing
from shopbot.agents.state import TurnState
from shopbot.agents.tracing import describe_answer, describe_failure
from shopbot.agents.verification import Verification
from shopbot.agents.walking import certain_step
from shopbot.engines.dialects import read_calls
from shopbot.engines.protocol import DEADLINE, READS_CANDIDATES, TEMPLATED, EngineUsage
from shopbot.engines.reasoning import separate_reasoning
from shopbot.engines.recording.trace_format import Outcome
from shopbot.prompts import render, says

logger = logging.getLogger(__name__)

Asked = ModelRequest[Any] | Callable[[], Any]
"""What a step yields: a model call, or an errand that may take a while. It is sent the result; a failure is thrown."""
Response = ExtendedModelResponse[Any]


class ModelStep:
    """One step of one conversation."""

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

    def run(self) -> Generator[Asked, Any, Response]:
        """Ask the engine until a proposal holds; after `repairs` refusals ask the customer instead.

        Raises:
            NoResultError: a structured result was asked for and did not come.
        """
        self._take_over()
        if self.opens:
            yield from self._open()
        if self.budget.exceeded:
            return self._give_up()
        step = certain_step(self.state) if self.config.walk else None
        if step is not None:
            return self._act(by_the_gate(step))
        request = self._told()
        approved: list[Approved] = []
        refusals: list[Refusal] = []
        message = AIMessage("")
        for refused in range(1, self.config.repairs + 2):
            try:
                message = yield from self._ask(request)
            except GraphBubbleUp:
                raise
            except Exception as failure:
                if not self.config.excuses:
                    raise
                logger.error("the engine failed", exc_info=failure)
                return self._finish(excuse("broken", self.state))
            if self.structured is not None:
                return self._pass_on(self.structured)
            # An errand: reading a long message takes a while, and the event loop has other conversations to serve.
            approved, refusals = yield partial(self._check, message)
            for refusal in refusals:
                self._note(message, refusal.call, "refused")
                self._tell(refusal)
            if not refusals:
                return self._accept(message if approved else (yield from self._verify(message)), approved)
            if self.budget.exceeded:
                return self._give_up()
            request = request.override(messages=[*request.messages, *returned(message, refusals, refused)])
        if approved:
            return self._accept(message, approved)
        if self.config.result is not None and not self.config.prose:
            raise NoResultError(
                f"no {self.config.result.__name__} came back in {self.config.repairs + 1} tries; the last answer was "
                f"{message.text[:200]!r}. Try again, or ask for a simpler result."
            )
        claimed = any(refusal.reason == NOT_DONE for refusal in refusals)
        return self._finish(last_resort(self.state, claimed=claimed))

    def _take_over(self) -> None:
        """Establish the facts that another agent has handed over, if they are for this one and of its contract."""
        handed, contract = self.state.values.get("handed"), self.config.takes
        if not handed or contract is None or handed["to"] != contract.to:
            return
        taken = contract.taken(handed["facts"])
        self.update |= {"facts": taken, "handed": None}
        facts = merge_facts(self.state.values.get("facts"), taken)
        self.state = replace(self.state, values={**self.state.values, "facts": facts})

    def _open(self) -> Generator[Asked, Any, None]:
        """Begin the turn: facts that have lapsed fall, calls that an earlier turn was cut short over are settled."""
        state = self.state
        self.config.tracer.open_turn(state.turn_id, state.conversation)
        self.update["heard_at"] = state.now.isoformat()
        if not self.config.alone:
            self.update["heard"] = state.not_yet_heard
        changes: dict[str, Any] = dict(state.lapsed)
        settled: Settled | None = yield from settle(state)
        messages = state.messages
        if settled is not None:
            changes |= settled.changes.get("facts", {})
            messages = settled.messages
            self.update["messages"] = Overwrite(list(messages))
        self.update |= {"notice": notice} if (notice := notices(messages, state.actions)) else {}
        self.update |= {"facts": {**self.update.get("facts", {}), **changes}} if changes else {}
        facts = merge_facts(state.values.get("facts"), changes)
        now = {**state.values, "messages": messages, "facts": facts, "heard_at": self.update["heard_at"]}
        self.state = replace(state, values=now)
        self.update["turn_start"] = self.state.turn_start

    def _ask(self, request: ModelRequest[Any]) -> Generator[Asked, Any, AIMessage]:
        """One call of the engine, paid for."""
        with self._span("chat", "chat") as span:
            started = time.monotonic()
            try:
                proposal = yield request
            except Exception as failure:
                describe_failure(span, failure)
                self.budget.pay(None)
                raise
            message = next(m for m in proposal.result if isinstance(m, AIMessage))
            if proposal.structured_response is not None or len(proposal.result) > 1:
                self.structured = proposal
            if not message.response_metadata.get(TEMPLATED):
                message = read_calls(separate_reasoning(message), self.request.tools)
            usage = usage_of(message, request.model, time.monotonic() - started)
            describe_answer(span, message, usage)
        self._tell_unpriced(usage)
        self.usage += usage
        self.budget.pay(message)
        return with_own_ids(message, self.state.messages)

    def _tell_unpriced(self, usage: Sequence[EngineUsage]) -> None:
        """Say once of an engine that nobody knows its price."""
        budget, told = self.config.budget, self.config.unpriced
        engines = {used["engine"] for used in usage if used["cost"] is None} - told
        if engines and budget.input_price is None and budget.output_price is None:
            told |= engines
            logger.warning(str(says("unpriced")).format(engines=", ".join(sorted(engines))))

    def _ask_aside(self, system: str, prompt: str) -> Generator[Asked, Any, str | None]:
        """The engine's words to a prompt outside of the conversation; None when it fails or the budget is spent."""
        if self.budget.exceeded:
            return None
        told = SystemMessage(system, additional_kwargs={DEADLINE: self.budget.deadline})
        messages: list[AnyMessage] = [HumanMessage(prompt)]
        try:
            answer = yield from self._ask(self.request.override(system_message=told, messages=messages, tools=[]))
        except Exception as failure:
            logger.warning("an answer was not verified: the engine failed", exc_info=failure)
            return None
        return answer.text.strip() if not answer.tool_calls else None

    def _verify(self, draft: AIMessage) -> Generator[Asked, Any, AIMessage]:
        """The draft, or what a chain of verification makes of it, where one is wanted."""
        if not (self.config.verify and rests_on_passages(draft, self.state)):
            return draft
        chain = Verification(self.state, self._ask_aside)
        revised, self.update["verified"] = yield from chain.run(draft)
        return revised

    def _told(self) -> ModelRequest[Any]:
        """What the engine is asked: the actions allowed now, the briefing, the history as data."""
        offered = [tool for tool in self.request.tools if getattr(tool, "name", "") in self.state.allowed]
        # A middleware in front of the gate may have edited what the engine reads.
        history = self.state.messages if "messages" in self.update else self.request.messages
        reads = bool(getattr(self.request.model, READS_CANDIDATES, False))
        system = brief(self.request.system_message, self.state, candidates=reads)
        system.additional_kwargs[DEADLINE] = self.budget.deadline
        told = self.request.override(tools=offered, system_message=system, messages=marked(history))
        # Where prose will not do, the provider is told to have an action called: the result, or one on the way to it.
        return told if self.config.prose else told.override(tool_choice="any")

    def _check(self, message: AIMessage) -> tuple[list[Approved], list[Refusal]]:
        with self._span("validate", "validate") as span:
            wants_result = not self.config.prose
            approved, refusals = check_proposal(message, self.state, wants_result=wants_result)
            span.set_attribute("shopbot.refused", [refusal.reason for refusal in refusals])
        return approved, refusals

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
        said = message.text.strip() if message.response_metadata.get(TEMPLATED) else told_in_turn(self.state)
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
        if reads_on and is_repeated(text, state.messages, state.actions):
            text, asked = str(says("stuck")), None
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
        name = self.config.hand_over
        logger.warning("budget spent: %s", self.budget.exceeded)
        if name in self.state.allowed and not self.state.was_called(name):
            call = ToolCall(name=name, args={}, id=f"call_{uuid.uuid4().hex}", type="tool_call")
            return self._act(by_the_gate(call))
        return self._finish(excuse("spent", self.state))

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
        engines = add_usage(self.state.values.get("engines"), self.usage, ends_turn=ends_turn)
        update = {**self.update, **told, "spent": self.budget.as_state(), "engines": engines}
        if "messages" in update:
            update["messages"] = Overwrite([*self.state.messages, message])
        return ExtendedModelResponse(ModelResponse(result=[message]), Command(update=update))

    def _span(self, name: str, operation: str) -> Any:
        return self.config.tracer.span(self.state.turn_id, name, operation)

    def _tell(self, refusal: Refusal) -> None:
        """Tell whoever reads the run's custom stream of a refusal (`shopbot.agents.events`)."""
        action = refusal.call["name"] if refusal.call["id"] else None
        told = {"action": action, "reason": refusal.reason, "sentence": refusal.sentence}
        self.request.runtime.stream_writer({REFUSED: told})

    def _note(self, message: AIMessage, call: ToolCall | None, outcome: Outcome) -> None:
        if self.config.recorder is not None:
            record(message, call, outcome, self.state)
