"""Notes: what a small model writes about a customer's message, one short line for each thing that it calls for.

    (asked for items) 2 of the plates and my scarf      item 2 plates
                                                        item scarf

What a line calls for is data (`prompts/engines/llama/acts.yaml`), and so are the worked examples that teach the form:
likely tokens and legal tokens agree. The grammar of the lines is made from the moment: a value can only be one of the
candidates that its action's sources hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shopbot.engines.llama.literals import one_of, quoted
from shopbot.engines.protocol import Briefing, Candidates
from shopbot.prompts import load_data

ACTS = "engines/llama/acts.yaml"
MOST_NOTES = 6
PURSUE = "pursue"
_TEXT = r"[^\n\x00-\x1F\x7F-\x9F\uD800-\uDFFF]{1,80}"


@dataclass(frozen=True)
class Note:
    """One kind of line: see the head of `acts.yaml`."""

    note: str
    means: str
    call: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    value: str | None = None
    argument: str | None = None
    item: str | None = None
    of_item: Mapping[str, Any] = field(default_factory=dict)
    message: str | None = None
    line: str | None = None
    answers: str | None = None


@dataclass(frozen=True)
class Proposal:
    """An action to call, or a line to say."""

    action: str | None
    args: Mapping[str, Any] = field(default_factory=dict)
    line: str | None = None


def known_notes(actions: Iterable[str]) -> list[Note]:
    """The notes for an agent with these actions; none when it has too few of them to be meant."""
    known = {*actions}
    notes = [Note(**entry) for entry in load_data(ACTS)]
    calls = [note for note in notes if note.call]
    if not all(note.call in known for note in calls):
        return []
    return notes


def notes_grammar(notes: Sequence[Note], briefing: Briefing) -> str:
    """GBNF of the lines that are possible now."""
    rules: dict[str, str] = {}
    lines = [line for note in notes if (line := _line(note, briefing, rules)) is not None]
    body = f'line ("\\n" line){{0,{MOST_NOTES - 1}}}'
    return "\n".join([f"root ::= {body}", f"line ::= {' | '.join(lines)}", *(f"{n} ::= {b}" for n, b in rules.items())])


def _line(note: Note, briefing: Briefing, rules: dict[str, str]) -> str | None:
    """The expression of a note's line; None when there is no value that it could carry."""
    if note.value is None:
        return quoted(note.note)
    if note.value == "text":
        rules["text"] = _TEXT
        return f"{quoted(note.note + ' ')} text"
    candidates = _candidates(note, briefing)
    if candidates is None or not candidates[note.value]:  # type: ignore[literal-required]
        return None
    rules[note.value] = one_of(candidates[note.value])  # type: ignore[literal-required]
    return f"{quoted(note.note + ' ')} {note.value}"


def _candidates(note: Note, briefing: Briefing) -> Candidates | None:
    of_action = briefing.get("candidates", {}).get(note.call or "", {})
    return of_action.get(note.argument or note.item or "")


def read_notes(text: str, notes: Sequence[Note], message: str) -> list[Proposal]:
    """What the lines call for, in their order; lines for one action are one call."""
    found: list[Proposal] = []
    for line in dict.fromkeys(text.splitlines()):
        word, _, value = line.partition(" ")
        note = next((note for note in notes if note.note == word), None)
        if note is None:
            continue
        if note.call is None:
            found.append(Proposal(None, line=note.line))
            continue
        args = _arguments(note, value, message)
        same = next((place for place, one in enumerate(found) if one.action == note.call and note.item), None)
        if same is None:
            found.append(Proposal(note.call, args))
        else:
            found[same] = Proposal(note.call, _merged(found[same].args, args))
    return found


def _arguments(note: Note, value: str, message: str) -> dict[str, Any]:
    if note.message:
        return {note.message: message[:500]}
    if note.item:
        count, _, rest = value.partition(" ")
        counted = {"quantity": int(count)} if count.isdecimal() and rest else {}
        return {**note.args, note.item: [{"words": rest if counted else value, **counted, **note.of_item}]}
    return {**note.args, **({note.argument: value} if note.argument else {})}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both calls as one: lists behind one another."""
    both = {**one, **other}
    return {
        name: [*one[name], *other[name]] if isinstance(value, list) and name in one and name in other else value
        for name, value in both.items()
    }
