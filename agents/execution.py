"""Execution: run an approved call, a write at most once, and make an observation of whatever comes back, an error too.

A deed that is done is never lost over how it was reported: whatever an action returned is read as plain JSON values.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langgraph.errors import GraphBubbleUp

from shopbot.agents.budget import BudgetTracker
from shopbot.agents.consent import digest_of, terms_of
from shopbot.agents.journal import Write
from shopbot.agents.proposal import Approved
from shopbot.agents.state import TurnState
from shopbot.agents.threads import TooSlow, awaited_here, within
from shopbot.agents.tracing import describe_failure
from shopbot.errors import AgentError
from shopbot.prompts import says
from shopbot.tools.action import UNKNOWN, Action, ActionError, Citation, Observation

logger = logging.getLogger(__name__)
_DEEPEST = 40
_LARGEST = 2**63


def run_once(approved: Approved, state: TurnState) -> Observation:
    """The observation of the call; of a write that has been begun already, what became of that."""
    if approved.action.effect != "write":
        return observe(approved, state, str(approved.call["id"]))
    key = idempotency_key(approved, state)
    if not state.conversation:
        return observe(approved, state, key)
    earlier = state.config.journal.begin(Write(key, state.conversation, str(approved.call["id"]), "begun"))
    if earlier is not None and earlier.status == "withdrawn":
        return failed(str(says("withdrawn")))
    if earlier is not None and earlier.observation is not None:
        return earlier.observation
    if earlier is not None and not approved.action.idempotent:
        found = look_up(approved, state, key)
        if found is not None:
            return found
    return _journaled(approved, state, key)


def _journaled(approved: Approved, state: TurnState, key: str) -> Observation:
    """Run a write whose row has been begun, and finish the row: unless it failed by surprise, its outcome is known.

    A surprise may have come after the deed: where it can be looked up, it is.
    """
    try:
        observation = observe(approved, state, key)
    except GraphBubbleUp:
        # The run is interrupted to ask a person, and will come here again: nothing is done yet.
        state.config.journal.finish(key, None)
        raise
    if observation.data.get(UNKNOWN) and approved.action.lookup is not None:
        found = look_up(approved, state, key)
        if found is not None:
            return found
        observation = replace(observation, data={**observation.data, UNKNOWN: False})
    if not observation.data.get(UNKNOWN):
        state.config.journal.finish(key, observation if observation.ok else None)
    return observation


def look_up(approved: Approved, state: TurnState, key: str) -> Observation | None:
    """What a write that was cut short observed; None when it was not done. It says so when nobody can tell."""
    action = approved.action
    if action.lookup is None:
        return unknown_outcome(action.name)
    try:
        came = awaited_here(action.lookup(state.call(key), **approved.args))
    except Exception:
        logger.exception("what became of %s could not be looked up", action.name)
        return unknown_outcome(action.name)
    if came is None:
        return None
    found = _as_observation(came)
    state.config.journal.finish(key, found)
    return found


def idempotency_key(approved: Approved, state: TurnState) -> str:
    """The key of a write: conversation, action, normalised arguments and the facts it needs, and, of an action that may
    be repeated, the call itself."""
    action = approved.action
    terms = {"action": action.name, "digest": terms_of(action, approved.args, state)}
    return digest_of(
        [state.conversation or state.turn_id, terms, *([approved.call["id"]] if action.repeatable else [])]
    )


def observe(approved: Approved, state: TurnState, key: str) -> Observation:
    """Run the action. A failure is an observation: an expected one in its own words, a surprise without details.

    An action that only reads is given the time that is left of the turn's budget, and no more than its contract allows;
    a write is waited for.
    """
    action = approved.action
    call = state.call(key)

    def run() -> Observation:
        return _as_observation(awaited_here(action.run(call, **approved.args)))

    def tried() -> Observation:
        for _ in range(action.tries - 1):
            try:
                return run()
            except (AgentError, GraphBubbleUp):
                raise
            except Exception:
                logger.warning("action %s failed and is tried again", action.name, exc_info=True)
        return run()

    with state.config.tracer.span(
        state.turn_id, f"execute_tool {action.name}", "execute_tool", gen_ai__tool__name=action.name
    ) as span:
        try:
            return tried() if action.effect == "write" else within(_seconds_for(action, state), tried)
        except GraphBubbleUp:
            raise
        except TooSlow:
            return failed(str(says("too_slow")).format(name=action.name))
        except Exception as error:
            # Of a write, only the action's own refusal says that nothing was done: a time-out or an engine's failure
            # may have come after the deed.
            if isinstance(error, ActionError if action.effect == "write" else AgentError):
                return failed(str(error))
            logger.exception("action %s failed", action.name)
            describe_failure(span, error)
            said = failed(str(says("action_failed")).format(name=action.name))
            unknown = {**said.data, UNKNOWN: True} if action.effect == "write" else said.data
            return Observation(said.text, data=unknown, ok=False)


def _seconds_for(action: Action, state: TurnState) -> float | None:
    """How long a read is waited for: what is left of the turn's time, or what its contract says, if that is less."""
    if action.timeout is None and not state.config.budget.is_timed:
        return None
    spent = BudgetTracker(state.config.budget, state.values.get("spent"), new_turn=False, acted_s=state.acted_s)
    limits = (spent.seconds_left, action.timeout.total_seconds() if action.timeout else None)
    return min((limit for limit in limits if limit is not None), default=None)


def failed(sentence: str) -> Observation:
    """The observation of what did not work, in words that the customer may read."""
    return Observation(sentence, data={"error": sentence}, ok=False)


def unknown_outcome(name: str) -> Observation:
    """The observation of a write of which nobody can tell whether it was done."""
    sentence = str(says("unknown_outcome")).format(name=name)
    return Observation(sentence, data={"error": sentence, UNKNOWN: True}, ok=False)


def _as_observation(came: Any) -> Observation:
    """What an action returned, whatever it is: text is an observation that says no more, and so is the text of any
    other value; nothing is an observation that says nothing."""
    if not isinstance(came, Observation):
        return Observation(_readable("" if came is None else str(came)))
    return replace(
        came,
        text=_readable(str(came.text)),
        data=_plain(came.data or {}, ()),
        facts=_plain(came.facts or {}, ()),
        citations=tuple(Citation(*map(_readable, (c.key, c.source, c.text))) for c in came.citations),
        awaiting=None if came.awaiting is None else _readable(came.awaiting),
        answer=None if came.answer is None else _readable(came.answer),
        asks=None,
    )


def _plain(value: Any, within: tuple[int, ...]) -> Any:
    """`value` as JSON has it; `within` are the ids of what it stands in, so that a circle ends."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, str):
        return _readable(value)
    if id(value) in within or len(within) == _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {_readable(str(key)): _plain(inner, (*within, id(value))) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner, (*within, id(value))) for inner in value]
    return _readable(str(value))


def _readable(text: str) -> str:
    """`text` without halves of characters, which no file and no wire takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
