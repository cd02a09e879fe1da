"""How a small model is guided: it is asked one small thing, and code does the rest.

What a customer's message calls for is noted by the model, once a message (`notes.py`); a value that answers the
question just asked, and stands alone, is read by code before it. What comes next is the plan's own step, and what is
said comes from templates. So a turn costs one short answer, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from shopbot.engines.llama.chat import MODEL, USER, ChatMessage
from shopbot.engines.llama.examples import nearest
from shopbot.engines.llama.notes import PURSUE, Note, Proposal, known_notes, notes_grammar, read_notes
from shopbot.engines.llama.prompting import Prompting
from shopbot.engines.llama.relevant import counted, naming
from shopbot.engines.llama.wording import worded
from shopbot.engines.llama.work import Wanted, Work
from shopbot.engines.protocol import REFUSED, Briefing, Candidates, read_briefing, read_deadline
from shopbot.prompts import load_data, render
from shopbot.prompts.consent import Answer, read_answer

LONGEST_NOTES = 80
"""Tokens."""
_REMEMBERED = 256
_STEPS = "planner/steps.yaml"
_TURNS_DOWN = frozenset({"decline"})


@dataclass(frozen=True)
class Guidance:
    """What is to be done next: an action to call, or else what is said; and what asking the model took."""

    proposal: Proposal | None
    text: str
    notes: str = ""
    work: Work = field(default_factory=Work)


@dataclass
class _Noted:
    text: str
    work: Work


class Guide:
    """Guides one loaded model; what it noted about a message is remembered for the steps of the turn."""

    def __init__(self, prompting: Prompting) -> None:
        self._prompting = prompting
        self._notes: dict[str, _Noted] = {}

    def propose(self, messages: Sequence[BaseMessage], offered: Mapping[str, Sequence[str]]) -> Guidance | None:
        """The next step of the turn; None when this agent has no notes to write.

        Args:
            offered: the actions allowed now, each with the arguments that it requires.

        Raises:
            GrammarError, TimeoutError, RuntimeError: the model cannot answer.
        """
        try:
            briefing = read_briefing(messages)
        except ValueError:
            return None
        notes = known_notes([*offered, *briefing["blocked"]])
        turn = _turn(messages)
        if not notes or not turn:
            return None
        message, noted = turn[0].text, _Noted("", Work())
        briefing = of_message(message, briefing)
        called = _answered(message, briefing)
        if called is None:
            noted = self._noted(turn[0], briefing, notes, read_deadline(messages))
            called = read_notes(noted.text, notes, message)
        lines = [proposal.line for proposal in called if proposal.line]
        made = _made(turn)
        proposal = next((p for p in called if _is_due(p, made, offered, briefing)), None)
        proposal = proposal or _planned(briefing, offered, turn, made, lines)
        ends = proposal is None or proposal.action in briefing["confirm"]
        text = worded(turn, briefing, lines, asks=proposal is None) if ends else ""
        return Guidance(proposal, text, noted.text, noted.work)

    def _noted(self, said: BaseMessage, briefing: Briefing, notes: Sequence[Note], deadline: float | None) -> _Noted:
        """What the model notes about a message, asked once."""
        certain = _certain(said.text, briefing, notes)
        if certain:
            return _Noted(certain, Work())
        key = str(said.id or said.text)
        known = self._notes.get(key)
        if known is not None:
            return _Noted(known.text, Work(confidence=known.work.confidence))
        noted = self._ask(said.text, briefing, notes, deadline)
        if len(self._notes) >= _REMEMBERED:
            self._notes.clear()
        self._notes[key] = noted
        return noted

    def _ask(self, message: str, briefing: Briefing, notes: Sequence[Note], deadline: float | None) -> _Noted:
        work, awaiting = Work(), briefing["turn_start"]["awaiting"]
        wanted = Wanted(
            prompt=self._prompting.text(
                render("engines/llama/notes.j2", notes=notes),
                [*_worked(message, awaiting, notes), ChatMessage(USER, _shown(message, awaiting))],
            ),
            grammar=notes_grammar(notes, briefing),
            tokens=LONGEST_NOTES,
            deadline=deadline,
            alternatives=[note.note for note in notes],
        )
        return _Noted("".join(self._prompting.runtime.decode(wanted, work)), work)


def _shown(message: str, awaiting: str | None) -> str:
    return render("engines/llama/message.j2", awaiting=awaiting, message=message)


def _worked(message: str, awaiting: str | None, notes: Sequence[Note]) -> list[ChatMessage]:
    """The worked examples nearest to a message, as turns of a conversation."""
    shown = []
    for example in nearest(message, awaiting, frozenset(note.note for note in notes)):
        shown += [ChatMessage(USER, _shown(example.says, example.asked)), ChatMessage(MODEL, "\n".join(example.notes))]
    return shown


def of_message(message: str, briefing: Briefing) -> Briefing:
    """The briefing with those candidates only that stand in the newest message, and of its phrases those that name
    something known, where there are such, with how many of it."""
    narrowed = {
        action: {name: _narrowed(found, message, briefing) for name, found in of.items()}
        for action, of in briefing.get("candidates", {}).items()
    }
    return {**briefing, "candidates": narrowed}


def _narrowed(found: Candidates, message: str, briefing: Briefing) -> Candidates:
    newest = set(found["newest"])
    return Candidates(
        newest=found["newest"],
        addresses=[value for value in found["addresses"] if value in newest],
        identifiers=[value for value in found["identifiers"] if value in newest],
        dates=found["dates"],
        phrases=counted(naming([one for one in found["phrases"] if one in newest], briefing["facts"]), message),
        numbers=[value for value in found["numbers"] if str(value) in newest and value > 0],
    )


def _answered(message: str, briefing: Briefing) -> list[Proposal] | None:
    """What a clear yes or no to the question just asked calls for; None when the message is neither."""
    answer = read_answer(message) if briefing["turn_start"]["awaiting"] == "confirmation" else Answer.UNCLEAR
    if answer is Answer.UNCLEAR:
        return None
    following = briefing["next"]
    if answer is Answer.NO:
        return [Proposal(None, line="decline")]
    # Whether it counts is for the gate to say.
    return [Proposal(following)] if following in briefing["confirm"] else []


def _certain(message: str, briefing: Briefing, notes: Sequence[Note]) -> str:
    """The note of the one value that answers what was asked, when nothing else of weight stands in the message."""
    awaiting = briefing["turn_start"]["awaiting"]
    for note in notes:
        if note.answers != awaiting or awaiting is None or note.value is None:
            continue
        found: Any = briefing.get("candidates", {}).get(note.call or "", {}).get(note.argument or "")
        values = found[note.value] if found else []
        if len(values) == 1 and not _rest(message, values[0], note):
            return f"{note.note} {values[0]}"
    return ""


def _rest(message: str, value: str, note: Note) -> list[str]:
    """The words beside the value that are not of its kind."""
    fillers = set(load_data("engines/llama/beside.yaml")[note.note])
    said = re.sub(r"[\s#-]*".join(map(re.escape, value)), " ", message.casefold())
    return [word for word in re.findall(r"[^\W_]+(?:'[a-z]+)?", said) if word not in fillers]


def _is_due(
    proposal: Proposal, made: Sequence[tuple[str, Any]], offered: Mapping[str, Any], briefing: Briefing
) -> bool:
    """Whether it is possible now, not made in this turn, and no goal that is under way already."""
    if proposal.action not in offered or (proposal.action, dict(proposal.args)) in made:
        return False
    start = briefing["turn_start"]
    aims = proposal.action == PURSUE and proposal.args.get("goal") == start["goal"]
    return not (aims and start["awaiting"] is not None)


def _planned(
    briefing: Briefing,
    offered: Mapping[str, Sequence[str]],
    turn: Sequence[BaseMessage],
    made: Sequence[tuple[str, Any]],
    lines: Sequence[str],
) -> Proposal | None:
    """The plan's next step, when it needs nothing that only the customer can say and was not taken in this turn."""
    action = briefing["next"]
    if action is None or action not in offered or briefing["awaiting"] not in (None, "confirmation"):
        return None
    args = load_data(_STEPS).get(action, {})
    confirms = action in briefing["confirm"]
    taken = [name for name, _ in made]
    settled = action in taken and not (confirms and taken[-1] != action)
    asked = any(isinstance(m, ToolMessage) and m.artifact and m.artifact.get("awaiting") for m in turn)
    if settled or asked or not set(offered[action]) <= set(args):
        return None
    return None if confirms and _TURNS_DOWN & set(lines) and not taken else Proposal(action, args)


def _turn(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The customer's newest message and what followed it; what tells of a refusal is no message of theirs."""
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if isinstance(message, HumanMessage) and REFUSED not in message.additional_kwargs:
            return messages[place:]
    return ()


def _made(turn: Sequence[BaseMessage]) -> list[tuple[str, Any]]:
    return [(call["name"], call["args"]) for call in _calls(turn)]


def _calls(turn: Sequence[BaseMessage]) -> Iterator[Any]:
    for message in turn:
        if isinstance(message, AIMessage):
            yield from message.tool_calls
