"""Answering: what a reply may rest on in this conversation, and what is wrong with one that does not.

Generic: whatever action returns citations makes the replies of its conversation subject to the check, and one that
returns an `answer` makes every statement of its turn so. A reply without brackets in any other turn is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from shopbot.agents.state import TurnState
from shopbot.engines.protocol import texts_in
from shopbot.engines.templated import is_templated

_BRACKETS = "[［【〔⟦"


def citations_in_state(state: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """What the observations of a conversation cite, oldest first, and what was retrieved to verify its answers."""
    for message in state["messages"]:
        if isinstance(message, ToolMessage) and message.artifact:
            yield from message.artifact.get("citations", ())
    yield from state.get("verified") or ()


def retrieved_passages(state: TurnState) -> dict[str, str]:
    """What a reply may cite: the passages of every observation in this conversation, key -> text."""
    found: dict[str, str] = {}
    for citation in citations_in_state(state.values):
        key, text = citation["key"], citation["text"]
        earlier = found.get(key, "")
        found[key] = text if text.startswith(earlier) else earlier if text in earlier else f"{earlier}\n\n{text}"
    return found


def safe_answer(state: TurnState) -> str:
    """What this turn's observations themselves answer, word for word; empty when none holds an answer."""
    answers = (m.artifact.get("answer") for m in state.turn if isinstance(m, ToolMessage) and m.artifact)
    return "\n\n".join(dict.fromkeys(answer for answer in answers if answer))


def rests_on_passages(message: AIMessage, state: TurnState) -> bool:
    """Whether `message` is an engine's own answer to a question from passages that were found in this turn."""
    found = any(m.artifact and m.artifact.get("citations") for m in state.turn if isinstance(m, ToolMessage))
    return found and bool(safe_answer(state)) and not is_templated(message)


def faults_in(message: AIMessage, state: TurnState, *, aside: bool = False) -> list[str]:
    """What is wrong with the words of `message`, a sentence a fault; none for words that code made from templates.

    `aside` is for words beside a call: they are no answer yet, so their statements need no citation.
    """
    text = message.text
    answers = not aside and bool(safe_answer(state))
    if is_templated(message) or not (answers or any(bracket in text for bracket in _BRACKETS)):
        return []
    from shopbot.tools.retrieval.claims import check_answer

    faults = check_answer(
        text,
        retrieved_passages(state),
        every_statement=answers,
        said=[m.text for m in state.messages if isinstance(m, HumanMessage)],
        observed=_observed(state),
    )
    return [fault.reason for fault in faults]


def unknown_in(values: Any, state: TurnState) -> list[str]:
    """What is wrong with the citations in a structured result: keys that were never retrieved."""
    text = "\n".join(texts_in(values))
    if not any(bracket in text for bracket in _BRACKETS):
        return []
    from shopbot.tools.retrieval.answers import unknown_citations

    return [fault.reason for fault in unknown_citations(text, retrieved_passages(state))]


def _observed(state: TurnState) -> list[str]:
    """What is known besides the passages: the facts, and the observations that hold no answer."""
    messages = (m for m in state.messages if isinstance(m, ToolMessage) and m.artifact)
    facts = json.dumps(state.facts, ensure_ascii=False, default=str)
    return [facts, *(message.text for message in messages if not message.artifact.get("answer"))]
