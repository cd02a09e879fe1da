"""One step of the engine: from what it is told to a proposal that holds, a question to the customer, or an answer.

Written as one generator that yields what to ask the engine and is sent what came back, so that the sync and the async
path are the same code.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain.agents.middleware import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall
from langgraph.errors import GraphBubbleUp
from langgraph.types import Overwrite

from shopbot.agents.act import Settled, settle
from shopbot.agents.answering import rests_on_passages
from shopbot.agents.budget import usage_of
from shopbot.agents.config import NoResultError
from shopbot.agents.decisions import by_the_gate
from shopbot.agents.events import REFUSED
from shopbot.agents.history import brief, excuse, last_resort, marked, notices, with_own_ids
from shopbot.agents.plan import changes_with_consequences, merge_facts
from shopbot.agents.proposal import (
    NOT_DONE,
    RESULT,
    Approved,
    Refusal,
    check_proposal,
    result_refused,
    returned,
)
from shopbot.agents.step_responses import Response, StepResponses
from shopbot.agents.tracing import describe_answer, describe_failure
from shopbot.agents.verification import Verification
from shopbot.agents.walking import certain_step
from shopbot.engines.dialects import read_calls
from shopbot.engines.protocol import DEADLINE, READS_CANDIDATES, EngineUsage
from shopbot.engines.reasoning import separate_reasoning
from shopbot.engines.templated import is_templated
from shopbot.prompts import says

logger = logging.getLogger(__name__)

Asked = ModelRequest[Any] | Callable[[], Any]
"""What a step yields: a model call, or an errand that may take a while. It is sent the result; a failure is thrown."""


class ModelStep(StepResponses):
    """One step of one conversation: the engine is asked until a proposal holds."""

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
                approved, refusals = [], self._untrue(self.structured, message)
                if not refusals:
                    return self._pass_on(self.structured)
                self.structured = None
            else:
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
        state, taken = self.state, contract.taken(handed["facts"])
        changes = {**state.lapsed, **changes_with_consequences(state.facts, taken, state.actions.values())}
        facts = merge_facts(state.values.get("facts"), changes)
        # Who hands over has just heard the customer.
        heard_at = state.now.isoformat()
        self.update |= {"facts": changes, "handed": None, "heard_at": heard_at}
        self.state = replace(state, values={**state.values, "facts": facts, "heard_at": heard_at})

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
            if not is_templated(message):
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

    def _untrue(self, proposal: ModelResponse[Any], message: AIMessage) -> list[Refusal]:
        """What a structured response of LangChain's says was done and was not."""
        call = next(iter(message.tool_calls), ToolCall(name=RESULT, args={}, id=None, type="tool_call"))
        return result_refused(proposal.structured_response, call, self.state)

    def _span(self, name: str, operation: str) -> Any:
        return self.config.tracer.span(self.state.turn_id, name, operation)

    def _tell(self, refusal: Refusal) -> None:
        """Tell whoever reads the run's custom stream of a refusal (`shopbot.agents.events`)."""
        action = refusal.call["name"] if refusal.call["id"] else None
        told = {"action": action, "reason": refusal.reason, "sentence": refusal.sentence}
        self.request.runtime.stream_writer({REFUSED: told})
