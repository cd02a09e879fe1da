"""Deeds: what this conversation knows to have been done, and which claims of a reply are about none of it.

What is known are the observations of actions that ran and did not fail, a write's out of the journal too, and the
facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from pydantic_core import to_jsonable_python

from shopbot.agents.answering import safe_answer
from shopbot.agents.claims import Claim, claims_in
from shopbot.agents.state import TurnState, is_refusal
from shopbot.agents.support import Deed, unsupported
from shopbot.engines.protocol import texts_in
from shopbot.engines.templated import is_templated

_SENTENCE = 4
"""Words that a text of a structured result has at least that may tell what was done by nobody in particular."""


def unsupported_claims(message: AIMessage, state: TurnState) -> list[Claim]:
    """What the words of `message` say was done and was not; nothing of words that code made from templates.

    In a turn that answers from passages only what the agent says of itself is looked at: the others cite.
    """
    return [] if is_templated(message) else _unsupported(claims_in(message.text), state)


def unsupported_in_result(result: Any, state: TurnState) -> list[Claim]:
    """The same of the texts in a structured result; a value such as "order cancelled" may tell of a record."""
    texts = texts_in(to_jsonable_python(result))
    found = [(claim, len(text.split()) >= _SENTENCE) for text in texts for claim in claims_in(text)]
    return _unsupported([claim for claim, is_sentence in found if is_sentence or claim.first_person], state)


def _unsupported(claims: list[Claim], state: TurnState) -> list[Claim]:
    if claims and safe_answer(state):
        claims = [claim for claim in claims if claim.first_person]
    if not claims:
        return []
    deeds = deeds_in(state)
    # What an agent did that has handed over to this one may have been a write, where nothing says that it was a read.
    reads = {message.name for message in state.messages if isinstance(message, ToolMessage) and _is_read(message)}
    of_others = {deed.action for deed in deeds if deed.action} - state.actions.keys() - reads
    writes = {action.name for action in state.actions.values() if action.effect == "write"} | of_others
    return unsupported(claims, {*state.actions, *of_others}, writes, deeds, asked=state.newest_words)


def _is_read(message: ToolMessage) -> bool:
    return isinstance(message.artifact, Mapping) and message.artifact.get("effect") == "read"


def deeds_in(state: TurnState) -> list[Deed]:
    """What this conversation knows to have been done, oldest first, and to be so."""
    calls = {call["id"]: call for m in state.messages if isinstance(m, AIMessage) for call in m.tool_calls}
    done = [Deed("", "", as_text(dict(state.facts)))]
    done += [Deed(**each) for each in state.values.get("written") or ()]
    for message in state.messages:
        if isinstance(message, ToolMessage) and message.status == "success" and not is_refusal(message):
            call = calls.get(message.tool_call_id)
            done.append(Deed(str(message.name), as_text(call["args"] if call else {}), observed_in(message)))
    return done


def observed_in(message: ToolMessage) -> str:
    """What an action observed, as text: its typed result where there is one."""
    data = message.artifact.get("data") if isinstance(message.artifact, Mapping) else None
    return as_text(data) if data else message.text


def as_text(value: Any) -> str:
    """Plain values as the text in which claims are looked up."""
    return json.dumps(value, ensure_ascii=False, default=str)
