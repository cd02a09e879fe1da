"""Validate: what a proposal must pass before it may act. Returns the checked arguments, or one sentence that says
what to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall
from pydantic import ValidationError

from shopbot.agents.grounding import ungrounded
from shopbot.agents.plan import unmet
from shopbot.agents.situation import Situation
from shopbot.prompts import render
from shopbot.tools.action import Action, Source


@dataclass(frozen=True)
class Refusal:
    """A proposal that may not act, with the sentence that goes back to the engine."""

    call: ToolCall
    sentence: str


@dataclass(frozen=True)
class Approved:
    """A proposal that may act, with its arguments as the schema reads them."""

    call: ToolCall
    action: Action
    args: Mapping[str, Any]


def validate(call: ToolCall, situation: Situation, *, grounded: bool = True) -> Approved | Refusal:
    """Known? Allowed now? Well formed? Grounded? New in this turn? Confirmation is the gate's own question.

    `grounded=False` lets values through that a reviewer wrote.
    """
    action = situation.actions.get(call["name"])
    if action is None:
        return refuse(call, "unknown", allowed=sorted(situation.allowed))
    needs = unmet(action, situation.facts)
    if needs:
        return refuse(call, "not_allowed", needs=needs, plan=situation.plan)
    try:
        args = action.arguments.model_validate(call["args"]).model_dump(mode="json")
    except ValidationError as error:
        return refuse(call, "malformed", problems=_problems(error))
    invented = _invented(action, args, situation) if grounded else []
    if invented:
        return refuse(call, "ungrounded", values=invented)
    earlier = situation.earlier_this_turn(action.name, call["args"])
    # What needs a yes that is not there will be asked, not done: new terms are put to the customer in the same turn.
    if earlier is not None and (not action.confirm or situation.has_consent(action, args)):
        return refuse(call, "repeated", observation=earlier.text)
    return Approved(call, action, args)


def malformed_calls(message: AIMessage) -> list[Refusal]:
    """Tool calls whose arguments could not even be read."""
    return [
        refuse(
            ToolCall(name=bad.get("name") or "unknown", args={}, id=bad.get("id"), type="tool_call"),
            "malformed",
            problems=[_unread(bad)],
        )
        for bad in message.invalid_tool_calls
    ]


def together(approved: Sequence[Approved]) -> list[Approved]:
    """The leading calls that can act side by side: no write among several, and none that changes what another needs."""
    kept: list[Approved] = []
    for candidate in approved:
        if kept and not all(_independent(candidate.action, other.action) for other in kept):
            break
        kept.append(candidate)
    return kept


def _independent(one: Action, other: Action) -> bool:
    if "write" in (one.effect, other.effect) or one.name == other.name:
        return False
    return not (set(one.gives) & {*other.needs, *other.gives} or set(other.gives) & set(one.needs))


def _invented(action: Action, args: Mapping[str, Any], situation: Situation) -> list[str]:
    return [
        f"{name} = {leaf!r}"
        for name, value in args.items()
        if Source.ENGINE not in (source := action.sources[name])
        for leaf in ungrounded(value, situation.texts(source))
    ]


def _unread(bad: InvalidToolCall) -> str:
    """Why: an engine of ours says it in a sentence; what LangChain's own parsers say has several lines."""
    error = bad.get("error") or ""
    if error and "\n" not in error:
        return error
    return f"the arguments are not valid JSON: {(bad.get('args') or '')[:200]}"


def _problems(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, p['loc'])) or 'arguments'}: {p['msg']}" for p in error.errors(include_url=False)]


def refuse(call: ToolCall, reason: str, **values: Any) -> Refusal:
    """A refusal, worded in `prompts/agent/refusals.j2`."""
    return Refusal(call, render("agent/refusals.j2", reason=reason, name=call["name"], **values))
