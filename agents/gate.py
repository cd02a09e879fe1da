"""The gate: everything that stands between an engine's proposal and an action, as one LangChain middleware.

Around each model call it offers the actions that are allowed now, validates what comes back, sends a refused proposal
back with one sentence (twice at most), and puts the question when an action needs the customer's yes. Around each
action it runs the function, turns whatever happens into an observation, and records the facts. Deciding is one
generator that serves the sync and the async path alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.config import get_config
from langgraph.types import Command

from agents.act import observe, record
from agents.briefing import brief
from agents.situation import Question, Situation, TrustedState
from agents.validation import Approved, Refusal, malformed_calls, together, validate
from prompts import load_data, render
from tools.action import Action

logger = logging.getLogger(__name__)

Proposal = ModelResponse[Any] | Exception
Deliberation = Generator[ModelRequest[Any], Proposal, ExtendedModelResponse[Any]]


class Gate(AgentMiddleware[TrustedState, Any, Any]):
    """Plan, format, validate, then act.

    Args:
        actions: every action of the agent.
        services: what actions work with; handed to them untouched.
        repairs: how often a refused proposal goes back to the engine in one step.
        steps: how many model calls one turn may take before the agent gives up and says so.
    """

    state_schema = TrustedState

    def __init__(self, actions: Iterable[Action], services: Any, *, repairs: int = 2, steps: int = 20) -> None:
        super().__init__()
        self.actions = {action.name: action for action in actions}
        self.services = services
        self.repairs = repairs
        self.steps = steps
        self.tools = []

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """One step of the engine, its proposal validated before anything else sees it."""
        deliberation = self._deliberate(request)
        try:
            asked = next(deliberation)
            while True:
                try:
                    proposal: Proposal = handler(asked)
                except Exception as failure:
                    proposal = failure
                asked = deliberation.send(proposal)
        except StopIteration as done:
            response: ExtendedModelResponse[Any] = done.value
            return response

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ExtendedModelResponse[Any]:
        """As `wrap_model_call`, for `ainvoke` and `astream`."""
        deliberation = self._deliberate(request)
        try:
            asked = next(deliberation)
            while True:
                try:
                    proposal: Proposal = await handler(asked)
                except Exception as failure:
                    proposal = failure
                asked = deliberation.send(proposal)
        except StopIteration as done:
            response: ExtendedModelResponse[Any] = done.value
            return response

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """Act, once more validated: a call edited on its way here passes the same checks."""
        return self._act(request, _conversation())

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Command[Any]:
        """As `wrap_tool_call`; the action runs in a thread so that the event loop stays free."""
        return await asyncio.to_thread(self._act, request, _conversation())

    def _deliberate(self, request: ModelRequest[Any]) -> Deliberation:
        """Ask the engine until a proposal holds; give up after `repairs` refusals."""
        situation = Situation(request.state, self.actions)
        if sum(isinstance(message, AIMessage) for message in situation.turn) >= self.steps:
            return self._finish(situation, _says("lost"))
        offer = [tool for tool in request.tools if getattr(tool, "name", "") in situation.allowed]
        request = request.override(tools=offer, system_message=brief(request.system_message, situation))
        conversation = list(request.messages)
        approved: list[Approved] = []
        for _ in range(self.repairs + 1):
            proposal = yield request.override(messages=conversation)
            if isinstance(proposal, Exception):
                logger.error("the engine failed", exc_info=proposal)
                return self._finish(situation, _says("broken"))
            message = _answer(proposal)
            approved, refusals = _examine(message, situation)
            if not refusals:
                return self._accept(situation, message, approved)
            conversation += _refused(message, refusals)
        if approved:
            return self._accept(situation, message, approved)
        return self._finish(situation, _ask_for(situation.plan.awaiting))

    def _accept(self, situation: Situation, message: AIMessage, approved: list[Approved]) -> ExtendedModelResponse[Any]:
        """Let the calls through that may act together; an answer, or a question to confirm, ends the turn."""
        if not approved:
            return self._finish(situation, message.text, message)
        unconfirmed = _first_unconfirmed(approved, situation)
        if unconfirmed is not None:
            question = _put(unconfirmed, situation)
            text = "\n\n".join(part for part in (message.text.strip(), question) if part)
            return self._finish(situation, text, message, asked=unconfirmed)
        calls = [approval.call for approval in together(approved)]
        message = message.model_copy(update={"tool_calls": calls, "invalid_tool_calls": []})
        return _response(message, {"plan": situation.plan.as_state(), "opened": situation.opened})

    def _finish(
        self,
        situation: Situation,
        text: str,
        message: AIMessage | None = None,
        *,
        asked: Approved | None = None,
    ) -> ExtendedModelResponse[Any]:
        """End the turn with `text`, and remember what the customer has been asked."""
        question: Question | None = situation.question_for(asked.action, asked.args) if asked else None
        plan_awaits = situation.plan.awaiting
        awaiting = "confirmation" if asked else _asked_by_observation(situation) or plan_awaits
        if awaiting == "confirmation" and not asked:
            awaiting = None
        state: dict[str, Any] = {"awaiting": awaiting, "question": question, "opened": situation.opened}
        if situation.plan.steps or situation.is_opening:
            state["plan"] = situation.plan.as_state()
        reply = AIMessage(text) if message is None else message.model_copy(update={"content": text, "tool_calls": []})
        return _response(reply, state)

    def _act(self, request: ToolCallRequest, conversation: str) -> Command[Any]:
        situation = Situation(request.state, self.actions)
        verdict = validate(request.tool_call, situation)
        if isinstance(verdict, Refusal):
            return record(request.tool_call, None, verdict.sentence, situation)
        if _first_unconfirmed([verdict], situation):
            return record(request.tool_call, None, _says("slots")["confirmation"], situation)
        observation = observe(verdict, situation, self.services, conversation)
        return record(request.tool_call, observation, observation.text, situation)


def _examine(message: AIMessage, situation: Situation) -> tuple[list[Approved], list[Refusal]]:
    verdicts = [validate(call, situation) for call in message.tool_calls]
    refusals = [verdict for verdict in verdicts if isinstance(verdict, Refusal)] + malformed_calls(message)
    if not message.tool_calls and not refusals and not message.text.strip():
        nothing = ToolCall(name="answer", args={}, id=None, type="tool_call")
        refusals.append(Refusal(nothing, render("agent/refusals.j2", reason="empty", name="")))
    return [verdict for verdict in verdicts if isinstance(verdict, Approved)], refusals


def _refused(message: AIMessage, refusals: list[Refusal]) -> list[AnyMessage]:
    """The refused proposal and why, for this step's next try only: neither enters the history."""
    answers: list[AnyMessage] = [
        ToolMessage(refusal.sentence, tool_call_id=refusal.call["id"], name=refusal.call["name"], status="error")
        for refusal in refusals
        if refusal.call["id"]
    ]
    if not answers:
        return [HumanMessage(" ".join(refusal.sentence for refusal in refusals))]
    answered = {answer.tool_call_id for answer in answers if isinstance(answer, ToolMessage)}
    held = [call for call in message.tool_calls if call["id"] not in answered]
    answers += [ToolMessage("Held back: send it again.", tool_call_id=call["id"], name=call["name"]) for call in held]
    return [message, *answers]


def _put(unconfirmed: Approved, situation: Situation) -> str:
    """The question to the customer, shorter when it is the one that was put to them last."""
    action, args = unconfirmed.action, unconfirmed.args
    again = situation.state.get("question") == situation.question_for(action, args)
    return render(f"confirm/{action.confirm}.j2", facts=situation.facts, args=args, again=again)


def _first_unconfirmed(approved: list[Approved], situation: Situation) -> Approved | None:
    return next((a for a in approved if a.action.confirm and not situation.has_consent(a.action, a.args)), None)


def _asked_by_observation(situation: Situation) -> str | None:
    """What the newest observation of this turn asks the customer for, unless it has been answered since."""
    asked = [m.artifact.get("asks") for m in situation.turn if isinstance(m, ToolMessage) and m.artifact]
    return next((slot for slot in reversed(asked) if slot), None)


def _answer(response: ModelResponse[Any]) -> AIMessage:
    return next(m for m in response.result if isinstance(m, AIMessage))


def _response(message: AIMessage, state: Mapping[str, Any]) -> ExtendedModelResponse[Any]:
    return ExtendedModelResponse(ModelResponse(result=[message]), Command(update=dict(state)))


def _says(key: str) -> Any:
    return load_data("agent/says.yaml")[key]


def _ask_for(slot: str | None) -> str:
    if slot is None:
        return str(_says("lost"))
    return str(_says("ask")).format(slot=_says("slots").get(slot, slot.replace("_", " ")))


def _conversation() -> str:
    """The thread this run belongs to; runs without a checkpointer have none."""
    return str(get_config().get("configurable", {}).get("thread_id", ""))
