"""Consent: has the customer clearly said yes to exactly what would be done?

Decided by code over a grammar that a shop can read and extend (`prompts/words/consent.yaml`), never by the engine:
whoever controls the engine still cannot say yes for the customer. What is neither a clear yes nor a clear no is asked
again. A yes belongs to one question, asked in the message right before it, and to the question's terms: a digest of the
action, its arguments and the facts that it needs.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from jinja2 import UndefinedError
from langchain_core.messages import AIMessage, ToolMessage
from pydantic import ValidationError

from shopbot.agents.state import ANSWER, Question, TurnState
from shopbot.agents.turn_locks import CROSSED
from shopbot.prompts.consent import Answer, read_answer
from shopbot.tools.action import UNKNOWN, Action
from shopbot.tools.facts import named
from shopbot.tools.question import question_of

_DASHES = re.compile("[\u2010-\u2015\u2212]")


def is_clear_yes(message: str, *, asked: str = "") -> bool:
    """Whether `message` agrees and says nothing beyond what was `asked`: no condition, question, change or name."""
    return read_answer(message, asked=asked) is Answer.YES


def has_consent(action: Action, args: Mapping[str, Any], state: TurnState) -> bool:
    """Whether the customer's newest message is a clear yes to exactly this, not acted upon yet."""
    question = _answerable(state)
    if question is None or question["digest"] != asked_terms(action, args, state) or _is_used(action, args, state):
        return False
    marks = state.turn[0].additional_kwargs
    typed = marks.get(ANSWER)
    if isinstance(typed, Mapping):
        return typed.get("question") == question["id"] and typed.get("value") == "yes"
    asked = state.messages[state.turn_begins - 1].text if state.config.restated else ""
    return CROSSED not in marks and is_clear_yes(state.newest_words, asked=asked)


def new_question(action: Action, args: Mapping[str, Any], state: TurnState) -> Question:
    """A question whether `action` may run with `args`; `message` is the id for the message that asks."""
    return Question(
        id=uuid.uuid4().hex,
        action=action.name,
        digest=asked_terms(action, args, state),
        message=str(uuid.uuid4()),
        asked_at=state.now.isoformat(),
    )


def terms_of(action: Action, args: Mapping[str, Any], state: TurnState) -> str:
    """A digest of what a yes would agree to: `action` with `args` on today's facts."""
    needed = {need: state.facts.get(named(need, args)) for need in action.needs}
    return digest_of([action.name, as_values(action, args), needed])


def asked_terms(action: Action, args: Mapping[str, Any], state: TurnState) -> str:
    """A digest of the terms and of the question in words, which may name more than the facts that the action needs."""
    try:
        shown = worded(action, args, state) if action.confirm else ""
    except (UndefinedError, AttributeError):
        shown = ""  # it names what is no longer known: no question that was asked reads like this
    return digest_of([terms_of(action, args, state), shown])


def worded(action: Action, args: Mapping[str, Any], state: TurnState, *, again: bool = False) -> str:
    """The question before `action` in words; `again`: it is put a second time."""
    model, facts = action.arguments, state.facts
    return question_of(str(action.confirm), model, args, facts, again=again, deed=action.title)


def _answerable(state: TurnState) -> Question | None:
    """The question that the newest message can answer: asked in the message right before it, and not expired."""
    question: Question | None = state.values.get("question")
    before = state.messages[state.turn_begins - 1] if state.turn_begins else None
    if question is None or not isinstance(before, AIMessage) or before.id != question.get("message"):
        return None
    expired = state.now - datetime.fromisoformat(question["asked_at"]) > state.config.question_expires
    return None if expired else question


def _is_used(action: Action, args: Mapping[str, Any], state: TurnState) -> bool:
    """Whether this turn's yes to this call has been acted upon already, or may have been."""
    calls = {call["id"]: call["args"] for m in state.turn if isinstance(m, AIMessage) for call in m.tool_calls}
    observed = [m for m in state.turn if isinstance(m, ToolMessage) and m.name == action.name]
    done = [m for m in observed if m.status == "success" or (m.artifact or {}).get("data", {}).get(UNKNOWN)]
    values = as_values(action, args)
    return any(as_values(action, calls.get(m.tool_call_id, {})) == values for m in done)


def as_values(action: Action, args: Mapping[str, Any]) -> Any:
    """The arguments as what they denote, where their schema reads its own output: amounts as amounts."""
    try:
        return _normalised(action.arguments.model_validate(args).model_dump())
    except ValidationError:
        return _normalised(args)


def _normalised(value: Any) -> Any:
    """`value` in one spelling: 5, 5.0 and the decimal 5.00 are the same argument, so are "B-17" and " b‑17 ", and a set
    has an order."""
    if isinstance(value, str):
        return _DASHES.sub("-", unicodedata.normalize("NFKC", value)).strip().casefold()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and value.is_finite():
        sign, digits, exponent = value.as_tuple()
        written = "".join(map(str, digits)).rstrip("0")
        return f"{'-' * sign}{written}e{int(exponent) + len(digits) - len(written)}" if written else 0
    if isinstance(value, set | frozenset):
        return sorted(map(_canonical, value))
    if isinstance(value, Mapping):
        return {key: _normalised(inner) for key, inner in value.items()}
    return [_normalised(inner) for inner in value] if isinstance(value, list | tuple) else value


def _canonical(value: Any) -> str:
    """`value` as JSON, the same for the same value."""
    return json.dumps(_normalised(value), sort_keys=True, ensure_ascii=False, default=str)


def digest_of(value: Any) -> str:
    """A stable SHA-256 of any JSON value."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()
