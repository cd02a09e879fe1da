"""Chain of verification: a draft made from passages is questioned, the questions are answered without sight of it, and
it is revised by what came out.

The factored variant of Dhuliawala et al. 2023 (arXiv:2309.11495): each verification question is answered in a call of
its own, from passages retrieved for it. It makes two engine calls and one for each question, all on the budget; when
a step fails, or the revision does not pass the checks that the draft has passed, the draft stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, ToolCall, ToolMessage

from shopbot.agents.answering import citations_in_state, faults_in
from shopbot.agents.execution import observe
from shopbot.agents.history import as_data
from shopbot.agents.proposal import Approved, validate
from shopbot.agents.state import TurnState
from shopbot.prompts import render
from shopbot.tools.action import Action

QUESTIONS = 3
"""Verification questions for one draft, at most."""
HELD = 30
"""Passages from verification that a conversation keeps for later citations."""
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")

Tell = Callable[[str, str], Generator[Any, Any, str | None]]
"""From a system prompt and a prompt to the engine's words; None when there are none to be had."""
Citations = list[dict[str, str]]


class Verification:
    """The verification of one draft; `run` yields model calls (through `tell`) and searches to be made."""

    def __init__(self, state: TurnState, tell: Tell) -> None:
        self._state = state
        self._tell = tell
        self._found: Citations = []

    def run(self, draft: AIMessage) -> Generator[Any, Any, tuple[AIMessage, Citations]]:
        """The revised answer, or the draft when a step failed or the revision does not hold.

        Beside it the passages from verification that the conversation may cite from now on.
        """
        held: Citations = list(self._state.values.get("verified") or ())
        text = yield from self._revised(draft.text)
        if text is None:
            return draft, held
        held = _each_once([*held, *self._found])[-HELD:]
        revised = draft.model_copy(update={"content": text})
        state = replace(self._state, values={**self._state.values, "verified": held})
        return (draft if faults_in(revised, state) else revised), held

    def _revised(self, draft: str) -> Generator[Any, Any, str | None]:
        about = {"question": as_data(self._state.newest_words), "draft": as_data(draft)}
        planned = yield from self._step("plan", most=QUESTIONS, **about)
        findings = []
        for question in _questions_in(planned or ""):
            passages = yield from self._passages_for(question)
            answer = yield from self._step("answer", question=as_data(question), passages=_shown(passages))
            if not answer:
                return None
            findings.append({"question": as_data(question), "answer": as_data(answer)})
        if not findings:
            return None
        passages = _each_once([*self._of_turn(), *self._found])
        revised = yield from self._step("revise", findings=findings, passages=_shown(passages), **about)
        return revised or None

    def _step(self, name: str, **values: Any) -> Generator[Any, Any, str | None]:
        return (yield from self._tell(render("verification/system.j2"), render(f"verification/{name}.j2", **values)))

    def _passages_for(self, question: str) -> Generator[Any, Any, Citations]:
        """What the turn's own search finds for `question`; the turn's passages when it finds none."""
        search = self._search(question)
        if search is not None:
            found = yield lambda: observe(search, self._state, key="")
            if found.ok and found.citations:
                citations = [dict(vars(citation)) for citation in found.citations]
                self._found = _each_once([*self._found, *citations])
                return citations
        return self._of_turn()

    def _search(self, question: str) -> Approved | None:
        """A call of the action that answered in this turn, when a question is all it takes and nobody need approve."""
        answered = (m for m in self._state.turn if isinstance(m, ToolMessage) and (m.artifact or {}).get("answer"))
        action = self._state.actions.get(next(answered).name or "")
        argument = _only_text(action) if action else None
        if action is None or argument is None or action.confirm or action.name in self._state.config.approve:
            return None
        call = ToolCall(name=action.name, args={argument: question}, id="verification", type="tool_call")
        verdict = validate(call, self._state)
        return verdict if isinstance(verdict, Approved) and action.effect == "read" else None

    def _of_turn(self) -> Citations:
        return _each_once([dict(citation) for citation in citations_in_state({"messages": self._state.turn})])


def _only_text(action: Action) -> str | None:
    """The one argument that the action must be given, when it is text."""
    required = [name for name, field in action.arguments.model_fields.items() if field.is_required()]
    is_text = len(required) == 1 and action.arguments.model_fields[required[0]].annotation is str
    return required[0] if is_text else None


def _questions_in(text: str) -> list[str]:
    lines = (_BULLET.sub("", line).strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line.endswith("?")))[:QUESTIONS]


def _shown(passages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    from shopbot.tools.retrieval.answers import without_citations

    return [{"key": passage["key"], "text": as_data(without_citations(passage["text"]))} for passage in passages]


def _each_once(citations: Sequence[dict[str, str]]) -> Citations:
    return list({citation["key"]: citation for citation in citations}.values())
