"""Act: check a call once more, ask a person where one must decide, run it, and say what it changes in the state.

Calls that an earlier turn was cut short over are settled: each gets the answer that it is still without.

A person decides on chosen actions after everything that code can check has been checked. The run stops at a LangGraph
interrupt that shows the action and its validated arguments; it goes on with `Command(resume=...)`:

    {"type": "approve"}
    {"type": "edit", "args": {...}}         the new arguments are validated like any others
    {"type": "reject", "message": "..."}    the action does not run; the engine is told why
    {"type": "answer", "message": "..."}    the action does not run; the answer stands in for its observation

Anything else is no decision: the run stops again at an interrupt that says under `error` why. Nothing has been done
before the interrupt, so nothing is done twice when it is resumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langgraph.types import Command, interrupt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shopbot.agents.approvals import verdict_on
from shopbot.agents.decisions import record_action
from shopbot.agents.deeds import as_text, observed_in
from shopbot.agents.execution import failed, look_up, run_once, unknown_outcome
from shopbot.agents.plan import GOALS, changes_with_consequences, make_plan, merge_facts
from shopbot.agents.proposal import Approved, Refusal, first_unconfirmed, refuse, validate
from shopbot.agents.state import TurnState, Written
from shopbot.engines.protocol import REFUSED
from shopbot.engines.recording.trace_format import Outcome
from shopbot.prompts import says
from shopbot.tools.action import Observation
from shopbot.tools.arguments import as_typed
from shopbot.tools.facts import holds


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Approve(_Decision):
    """Let the action run as it is."""

    type: Literal["approve"]


class Edit(_Decision):
    """Let the action run with other arguments; `name` may only repeat the action's own."""

    type: Literal["edit"]
    args: dict[str, Any]
    name: str | None = None


class Reject(_Decision):
    """Do not let the action run."""

    type: Literal["reject"]
    message: str = "no reason given"


class Answer(_Decision):
    """Do not let the action run; `message` is what the engine observes instead."""

    type: Literal["answer"]
    message: str


Decision = Approve | Edit | Reject | Answer
_DECISION: TypeAdapter[Decision] = TypeAdapter(Annotated[Decision, Field(discriminator="type")])


def act(call: ToolCall, state: TurnState) -> Command[Any]:
    """Carry out one call and say what it changes in the conversation's state."""
    verdict = _consented(verdict_on(call, state), state)
    if isinstance(verdict, Approved) and _needs_a_person(verdict, state):
        decision = _decide(verdict, state.facts)
        if isinstance(decision, Reject | Answer):
            _note(call, "refused", state)
            return _record(call, _stand_in(decision), state)
        if isinstance(decision, Edit):
            verdict = _edited(verdict, decision, state)
    if isinstance(verdict, Refusal):
        _note(call, "refused", state)
        return Command(update={"messages": [observed(call, failed(verdict.sentence), refused=True)]})
    started = time.monotonic()
    observation = run_once(verdict, state)
    _note(call, "accepted" if observation.ok else "failed", state)
    return _record(call, observation, state, seconds=time.monotonic() - started)


def _note(call: ToolCall, outcome: Outcome, state: TurnState) -> None:
    if state.config.recorder is not None:
        record_action(call, outcome, state)


def _consented(verdict: Approved | Refusal, state: TurnState) -> Approved | Refusal:
    """Refuse what the customer has not agreed to."""
    if isinstance(verdict, Approved) and first_unconfirmed([verdict], state):
        return refuse(verdict.call, "unconfirmed")
    return verdict


def _needs_a_person(approved: Approved, state: TurnState) -> bool:
    condition = state.config.approve.get(approved.action.name)
    return condition is not None and condition(as_typed(approved.args, approved.action.arguments), state.facts)


def _decide(approved: Approved, facts: Mapping[str, Any]) -> Decision:
    """Ask a person, by interrupting the run until it is resumed with a decision."""
    asked = {"action": approved.action.name, "args": dict(approved.args), "facts": dict(facts)}
    while True:
        given = interrupt(asked)
        try:
            return _DECISION.validate_python(given)
        except ValidationError:
            asked = {**asked, "error": str(says("no_decision")).format(given=repr(given)[:200])}


def _edited(approved: Approved, decision: Edit, state: TurnState) -> Approved | Refusal:
    """What a reviewer edits is validated again: the same action, its schema, and the customer's yes to these values."""
    name = decision.name or approved.action.name
    call = ToolCall(name=name, args=decision.args, id=approved.call["id"], type="tool_call")
    if name != approved.action.name:
        return refuse(call, "renamed", was=approved.action.name)
    return _consented(validate(call, state, grounded=False), state)


def _stand_in(decision: Reject | Answer) -> Observation:
    """The observation of an action that a person did not let run."""
    if isinstance(decision, Answer):
        return Observation(decision.message)
    return Observation(f"A person declined this: {decision.message}", data={"error": decision.message}, ok=False)


def _record(call: ToolCall, observation: Observation, state: TurnState, *, seconds: float = 0.0) -> Command[Any]:
    """The state after a call: its observation, the facts and what falls with them, the plan."""
    update = consequences(call, observation, state)
    message = observed(call, observation, seconds)
    message.artifact["effect"] = state.actions[call["name"]].effect
    if observation.ok and not state.config.alone and state.actions[call["name"]].effect == "write":
        update["written"] = [Written(action=call["name"], args=as_text(call["args"]), observed=observed_in(message))]
    return Command(update={**update, "messages": [message]})


def consequences(call: ToolCall, observation: Observation, state: TurnState) -> dict[str, Any]:
    """What an observation changes besides the messages: the facts and what falls with them, the goals, the plan."""
    changes = changes_with_consequences(state.facts, observation.facts, state.actions.values())
    facts = merge_facts(dict(state.facts), changes)
    action = state.actions[call["name"]]
    goals = facts.get(GOALS) or []
    update: dict[str, Any] = {"facts": changes}
    if observation.ok and action.name in goals and all(holds(fact, facts) for fact in action.gives):
        update["plan"] = make_plan({**facts, GOALS: [action.name]}, state.actions).as_state(finished=True)
        changes[GOALS] = [goal for goal in goals if goal != action.name] or None
    elif goals:
        update["plan"] = make_plan(facts, state.actions).as_state()
    return update


def observed(call: ToolCall, observation: Observation, seconds: float = 0.0, *, refused: bool = False) -> ToolMessage:
    """The observation as it stands in the history; `seconds` is how long the action ran, `refused` that it did not."""
    artifact: Mapping[str, Any] = {
        "ok": observation.ok,
        "data": dict(observation.data),
        "awaiting": observation.awaiting,
        "citations": [vars(citation) for citation in observation.citations],
        "answer": observation.answer,
        "seconds": seconds,
        REFUSED: refused,
    }
    return ToolMessage(
        observation.text,
        tool_call_id=call["id"],
        name=call["name"],
        status="success" if observation.ok else "error",
        artifact=artifact,
    )


@dataclass
class Settled:
    """A history in which every call has an answer: the messages, and what the answers changed."""

    messages: list[AnyMessage]
    changes: dict[str, Any] = field(default_factory=dict)


def settle(state: TurnState) -> Generator[Callable[[], Any], Any, Settled | None]:
    """The history with an answer after every call, or None when it has them already.

    A call is left without one when a turn was cut short, or the customer wrote while a person's approval was pending.
    What became of it is in the journal: done, with its observation; begun, and then it is looked up; neither, and then
    it is withdrawn for good. Yields what has to be looked up, to be run where waiting is allowed.
    """
    answered = {message.tool_call_id for message in state.messages if isinstance(message, ToolMessage)}
    calls = [
        call
        for message in state.messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in answered
    ]
    if not calls:
        return None
    found = yield lambda: [_outcome(call, state) for call in calls]
    outcomes = {call["id"]: outcome for call, outcome in zip(calls, found, strict=True)}
    settled = Settled([])
    for message in state.messages:
        settled.messages.append(message)
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["id"] in outcomes:
                _settle_call(call, outcomes[call["id"]], state, settled)
    return settled


def _outcome(call: ToolCall, state: TurnState) -> Observation | None:
    """What the call observed, or that nobody can tell; None when it did not run and never will."""
    action, call_id = state.actions.get(call["name"]), str(call["id"])
    journal, conversation = state.config.journal, state.conversation
    write = journal.of_calls(conversation, [call_id]).get(call_id) if conversation else None
    if write is not None and write.observation is not None:
        return write.observation
    if write is not None and write.status == "begun" and action is not None:
        args = action.arguments.model_validate(call["args"]).model_dump(mode="json")
        found = look_up(Approved(call, action, args), state, write.key)
        if found is not None:
            return found
        journal.finish(write.key, None)
    if not conversation:
        return None
    journal.withdraw(conversation, call_id)
    # In another process it may have begun right before that.
    last = journal.of_calls(conversation, [call_id]).get(call_id)
    return unknown_outcome(call["name"]) if last is not None and last.status == "begun" else None


def _settle_call(call: ToolCall, outcome: Observation | None, state: TurnState, settled: Settled) -> None:
    if outcome is None:
        text = Observation(str(says("withdrawn")), ok=False)
        settled.messages.append(observed(call, text))
        return
    settled.messages.append(observed(call, outcome))
    if call["name"] in state.actions:
        settled.changes |= consequences(call, outcome, state)
