"""Approvals: a call that the model step has let through is not checked again where nothing has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from langchain_core.messages import ToolCall

from shopbot.agents.proposal import Approved, Refusal, validate
from shopbot.agents.state import TurnState

_HELD = 256
"""Calls that are let through and have not run yet, of all conversations of a gate."""


def keep(approved: Sequence[Approved], state: TurnState) -> None:
    """Remember calls with all that their checks have looked at. A rule may look elsewhere: it is asked again."""
    held = state.config.approved
    for each in approved:
        if not each.action.rules:
            # A middleware may edit the call itself: what it was is kept apart.
            held[str(each.call["id"])] = (deepcopy(each.call), each.args, state.facts, state.messages)
    while len(held) > _HELD:
        held.popitem(last=False)


def verdict_on(call: ToolCall, state: TurnState) -> Approved | Refusal:
    """The verdict on a call that is to run: the one that is held, if call, facts and messages are what they were."""
    checked, args, facts, messages = state.config.approved.pop(str(call["id"]), (None, {}, {}, ()))
    if checked is None or not _is_same(call, checked) or facts != state.facts:
        return validate(call, state)
    is_next = len(state.messages) == len(messages) + 1
    unchanged = is_next and all(now is then for now, then in zip(state.messages, messages, strict=False))
    # How the action is run is the step's own matter.
    return Approved(call, state.actions[call["name"]], args) if unchanged else validate(call, state)


def _is_same(call: ToolCall, other: ToolCall) -> bool:
    return call["name"] == other["name"] and call["args"] == other["args"]
