"""A proposal of the engine, calls or an answer, checked: what may act, and a sentence for all that does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, InvalidToolCall, ToolCall, ToolMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from shopbot.agents.answering import faults_in, unknown_in
from shopbot.agents.consent import as_values, has_consent
from shopbot.agents.deeds import unsupported_claims, unsupported_in_result
from shopbot.agents.evidence import invented_values
from shopbot.agents.plan import unmet
from shopbot.agents.state import TurnState
from shopbot.engines.protocol import REFUSED
from shopbot.prompts import render, says
from shopbot.tools.action import Action, Call, Observation, Source
from shopbot.tools.rules import broken

RESULT = "give_result"
NOT_DONE = "not_done"
"""The reason of the refusal of an answer that says that something was done and was not."""
READ_TRIES = 4
"""How often in one turn the same read may be made that fails each time."""
_FAULTS = 3
"""Faults of one answer that go back to the engine at a time."""


@dataclass(frozen=True)
class Refusal:
    """A proposal that may not act: the kind of reason, and the sentence that goes back to the engine."""

    call: ToolCall
    reason: str
    sentence: str


@dataclass(frozen=True)
class Approved:
    """A proposal that may act, with its arguments as the schema reads them."""

    call: ToolCall
    action: Action
    args: Mapping[str, Any]


def check_proposal(message: AIMessage, state: TurnState, *, wants_result: bool) -> tuple[list[Approved], list[Refusal]]:
    """The calls of a proposal that may act, and all that does not hold in it; an answer is neither when it holds."""
    verdicts = [validate(call, state) for call in message.tool_calls]
    verdicts = [_sound(verdict, state) if isinstance(verdict, Approved) else verdict for verdict in verdicts]
    refusals = [verdict for verdict in verdicts if isinstance(verdict, Refusal)] + _unreadable_calls(message)
    if not message.tool_calls and not refusals:
        refusals += _answer_refused(message, state, wants_result=wants_result)
    return [verdict for verdict in verdicts if isinstance(verdict, Approved)], refusals


def validate(call: ToolCall, state: TurnState, *, grounded: bool = True) -> Approved | Refusal:
    """Known? Allowed now? Well formed? Grounded? Within the rules? New in this turn? Confirmation comes after it.

    `grounded=False` lets values through that a reviewer wrote.
    """
    action = state.actions.get(call["name"])
    if action is None:
        return refuse(call, "unknown", allowed=sorted(state.allowed))
    needs = unmet(action, state.facts)
    if needs:
        return refuse(call, "not_allowed", needs=needs, plan=state.plan)
    try:
        args = action.arguments.model_validate(call["args"]).model_dump(mode="json")
    except ValidationError as error:
        return refuse(call, "malformed", problems=_problems(error))
    needs = unmet(action, state.facts, args)
    if needs:
        return refuse(call, "not_allowed", needs=needs, plan=state.plan)
    invented = invented_values(action, args, state) if grounded else []
    if invented:
        return refuse(call, "ungrounded", values=invented)
    against = broken(action, state.call(), args) if action.rules else None
    if against is not None:
        return refuse(call, "against_rule", against=against)
    earlier = _earlier_this_turn(call, state)
    # What needs a yes that is not there will be asked, not done: new terms are put to the customer in the same turn.
    if earlier is not None and (not action.confirm or has_consent(action, args, state)):
        return refuse(call, "repeated", observation=earlier.text)
    return Approved(call, action, args)


def together(approved: Sequence[Approved]) -> list[Approved]:
    """The leading calls that can act side by side: no write among several, and none that changes what another needs."""
    kept: list[Approved] = []
    for candidate in approved:
        if kept and not all(_independent(candidate.action, other.action) for other in kept):
            break
        kept.append(candidate)
    return kept


def first_unconfirmed(approved: Sequence[Approved], state: TurnState) -> Approved | None:
    """The first call that still needs the customer's yes."""
    return next((a for a in approved if a.action.confirm and not has_consent(a.action, a.args, state)), None)


def refuse(call: ToolCall, reason: str, **values: Any) -> Refusal:
    """A refusal, worded in `prompts/agent/refusals.j2`."""
    return Refusal(call, reason, render("agent/refusals.j2", reason=reason, name=call["name"], **values))


def returned(message: AIMessage, refusals: Sequence[Refusal], refused: int) -> list[AnyMessage]:
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


def make_result_action(schema: type[BaseModel]) -> Action:
    """The action by which an engine gives its answer in `schema`, extra fields forbidden; calling it ends the turn."""
    strict = type(schema.__name__, (schema,), {"model_config": ConfigDict(extra="forbid"), "__doc__": schema.__doc__})
    return Action(
        name=RESULT,
        description=schema.__doc__ or "Give the final result.",
        run=_never,
        arguments=strict,
        sources=dict.fromkeys(schema.model_fields, Source.ENGINE),
        title="give the result",
    )


def _never(call: Call[Any], **_: Any) -> Observation:
    raise RuntimeError("a result is not carried out")


def _answer_refused(message: AIMessage, state: TurnState, *, wants_result: bool) -> list[Refusal]:
    """An answer must say something, be a result where one is asked for, cite and quote what was retrieved, and say that
    something was done only when it was."""
    nothing = ToolCall(name=RESULT, args={}, id=None, type="tool_call")
    if wants_result:
        return [refuse(nothing, "no_result")]
    if not message.text.strip():
        return [refuse(nothing, "empty")]
    faults = faults_in(message, state)
    if faults:
        return [refuse(nothing, "unsupported", faults=faults[:_FAULTS])]
    claims = unsupported_claims(message, state)
    return [refuse(nothing, NOT_DONE, claims=[claim.text for claim in claims[:_FAULTS]])] if claims else []


def _sound(approved: Approved, state: TurnState) -> Approved | Refusal:
    """A result, too, may cite only what was retrieved, and say that something was done only when it was."""
    if approved.action.name != RESULT:
        return approved
    faults = unknown_in(approved.args, state)
    if faults:
        return refuse(approved.call, "unsupported", faults=faults[:_FAULTS])
    return next(iter(result_refused(approved.args, approved.call, state)), approved)


def result_refused(result: Any, call: ToolCall, state: TurnState) -> list[Refusal]:
    """The refusal of a structured result, given by `call`, that says that something was done and was not."""
    claims = unsupported_in_result(result, state)
    return [refuse(call, NOT_DONE, claims=[claim.text for claim in claims[:_FAULTS]])] if claims else []


def _independent(one: Action, other: Action) -> bool:
    if "write" in (one.effect, other.effect) or one.name == other.name:
        return False
    return not (set(one.gives) & {*other.needs, *other.gives} or set(other.gives) & set(one.needs))


def _earlier_this_turn(call: ToolCall, state: TurnState) -> ToolMessage | None:
    """The observation of the same call with the same arguments in this turn, if there was one.

    A read that has only failed so far counts from the fourth time on: what was down a moment ago may be up again.
    """
    results = {m.tool_call_id: m for m in state.turn if isinstance(m, ToolMessage) and m.name == call["name"]}
    made = (c for m in state.turn if results and isinstance(m, AIMessage) for c in m.tool_calls if c["id"] in results)
    action = state.actions[call["name"]]
    wanted = as_values(action, call["args"])
    same = [results[c["id"] or ""] for c in made if as_values(action, c["args"]) == wanted]
    may_pass = action.effect == "read" and len(same) < READ_TRIES
    if may_pass and all(message.status == "error" for message in same):
        return None
    return same[0] if same else None


def _unreadable_calls(message: AIMessage) -> list[Refusal]:
    """Tool calls whose arguments could not even be read."""
    return [
        refuse(
            ToolCall(name=bad.get("name") or "unknown", args={}, id=bad.get("id"), type="tool_call"),
            "malformed",
            problems=[_unread(bad)],
        )
        for bad in message.invalid_tool_calls
    ]


def _unread(bad: InvalidToolCall) -> str:
    """Why: an engine of ours says it in a sentence; what LangChain's own parsers say has several lines."""
    error = bad.get("error") or ""
    if error and "\n" not in error:
        return error
    return f"the arguments are not valid JSON: {(bad.get('args') or '')[:200]}"


def _problems(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, p['loc'])) or 'arguments'}: {p['msg']}" for p in error.errors(include_url=False)]
