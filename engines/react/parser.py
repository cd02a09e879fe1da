"""A completion in the ReAct protocol -> reasoning, calls and reply; or one sentence about what cannot be read.

Reads what models really write (`tests/engines/react_completions.yaml` shows the shapes). It never guesses: a value is
in the completion or there is a complaint. Nothing after a made-up observation counts. A reply written in the same
breath as an action is dropped: it cannot know what the action will bring.

Source of the protocol: Yao et al. 2022, ReAct: Synergizing Reasoning and Acting in Language Models, arXiv:2210.03629.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shopbot.engines.labels import inline_pattern, squash, words
from shopbot.engines.react.call_shapes import (
    MOST_CALLS,
    Actions,
    Shaped,
    answer_in,
    find_tagged,
    is_reply,
    read_call,
    read_json_call,
)
from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.inputs import read_input
from shopbot.engines.react.names import match_name
from shopbot.engines.react.sections import PROSE, Section, split_sections, unfenced

_INPUT_BEGINS = ("{", "[", "```", "~~~")


@dataclass(frozen=True)
class ReadCall:
    """An action to take."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Complaint:
    """An action that cannot be read: its name if it has one, the input as written, and what to tell the model."""

    name: str
    raw: str
    reason: str
    sentence: str


@dataclass(frozen=True)
class Completion:
    """What a completion says: calls or a reply, never both; neither when it says nothing that counts.

    `aside` is what is to be told beside a call that puts a question to the customer.
    """

    thought: str = ""
    calls: tuple[ReadCall, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    answer: str = ""
    aside: str = ""


@dataclass
class _Reading:
    thoughts: list[str] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
    found: list[Shaped] = field(default_factory=list)

    def completion(self) -> Completion:
        thought = "\n".join(text for text in [*self.thoughts, *(shape.thought for shape in self.found)] if text)
        aside = "\n".join(self.asides).strip()
        acts = [shape for shape in self.found if shape.answer is None]
        answer = next((shape.answer for shape in self.found if shape.answer), "") or ""
        if acts and answer and self.found[0].answer:
            acts = [Shaped(acts[0].name, None, acts[0].raw, Unreadable("answer_and_action"))]
        return Completion(
            thought,
            tuple(ReadCall(act.name, act.args or {}) for act in acts if act.complaint is None),
            tuple(
                Complaint(act.name, act.raw, act.complaint.reason, act.complaint.sentence)
                for act in acts
                if act.complaint is not None
            ),
            "" if acts else answer.strip() or aside,
            aside if acts else "",
        )


def read_completion(text: str, actions: Actions) -> Completion:
    """Read a completion.

    Args:
        text: what the model wrote.
        actions: the names it may mean, each with its JSON schema; None for an action that is not on offer now.
    """
    sections = split_sections(text)
    if any(section.kind in ("action", "input", "answer", "say") for section in sections):
        return _labelled(sections, actions).completion()
    return _unlabelled(sections, actions).completion()


def _labelled(sections: Sequence[Section], actions: Actions) -> _Reading:
    reading = _Reading()
    place = 0
    while place < len(sections) and len(reading.found) < MOST_CALLS:
        section = sections[place]
        place += 1
        if section.kind in ("thought", PROSE):
            if not reading.found:
                _think(section.text, reading, actions)
            else:
                reading.thoughts += [section.text] if section.kind == "thought" else []
        elif section.kind == "say":
            reading.asides.append(section.text)
        elif section.kind == "answer":
            reading.found.append(Shaped(answer=answer_in(unfenced(section.text))))
        else:
            header, inputs = (section.text, []) if section.kind == "action" else ("", [section.text])
            while place < len(sections) and sections[place].kind == "input":
                inputs.append(sections[place].text)
                place += 1
            reading.found += _action(header, inputs, actions)
    return reading


def _think(text: str, reading: _Reading, actions: Actions) -> None:
    """A thought before anything else; an action in another shape may stand at its end."""
    shaped = find_tagged(text, actions)
    if shaped:
        reading.found += shaped[1]
        text = text[: shaped[0]].strip()
    reading.thoughts.append(text)


def _action(header: str, inputs: list[str], actions: Actions) -> Iterator[Shaped]:
    first, _, below = header.partition("\n")
    if header.startswith(("{", "```", "~~~")):
        shaped = read_json_call(unfenced(header), actions) or _as_call(unfenced(header), actions)
        if shaped:
            yield from shaped
            return
    if not inputs and below.lstrip().startswith(_INPUT_BEGINS):
        inputs = [below]
    written = first.strip().strip("*`\"'“”[]_ ").rstrip(".:").strip()
    given = [text for text in inputs if text] or inputs
    raw = given[0] if given else ""
    if len(given) > 1 and len(set(given)) > 1:
        yield Shaped(_name(written, actions), None, raw, Unreadable("several_inputs"))
    elif not written:
        yield Shaped(raw=raw, complaint=Unreadable("nameless"))
    elif is_reply(written, actions):
        yield Shaped(answer=answer_in(unfenced(raw)))
    elif squash(written) in words("nothing") or written == "-":
        return
    else:
        yield from _one(first, written, given, raw, actions)


def _one(first: str, written: str, given: list[str], raw: str, actions: Actions) -> Iterator[Shaped]:
    """An action by name, with its input below it or behind its name."""
    name = match_name(written, actions)
    inline = _split_inline(first)
    if not given and inline and (meant := match_name(inline[0], actions)):
        name, given, raw = meant, [inline[1]], inline[1]
    if not given or raw.strip() in ("", "{}"):
        call = read_call(first.strip().strip("*"), actions)
        if call and (call.args or call.complaint or not given):
            yield call
            return
        if not given and (answer := _finish(first, actions)) is not None:
            yield Shaped(answer=answer)
            return
    if name is None:
        call = read_call(first, actions)
        name = call.name if call else written
    schema = actions.get(name)
    try:
        yield Shaped(name, read_input(raw if given else None, name, schema), raw)
    except Unreadable as complaint:
        # An action that cannot be taken now is refused for that, whatever its input.
        yield Shaped(name, {}, raw) if schema is None else Shaped(name, None, raw, complaint)


def _split_inline(line: str) -> tuple[str, str] | None:
    """`name Action Input: …` on one line."""
    found = inline_pattern("input").search(line)
    if not found:
        return None
    return line[: found.start()].strip("*`\"' "), line[found.end() :].partition(":")[2].strip()


def _finish(line: str, actions: Actions) -> str | None:
    """The reply in `Finish[…]`."""
    name, bracket, rest = line.strip().partition("[")
    if not bracket:
        name, bracket, rest = line.strip().partition("(")
    return answer_in(rest.rstrip("])")) if bracket and is_reply(name, actions) else None


def _name(written: str, actions: Actions) -> str:
    return match_name(written, actions) or written


def _unlabelled(sections: Sequence[Section], actions: Actions) -> _Reading:
    """No label of an action or a reply: another shape of call, else prose, which is a reply."""
    reading = _Reading()
    for section in sections:
        shaped = find_tagged(section.text, actions)
        if shaped:
            reading.found += shaped[1]
            reading.thoughts.append(section.text[: shaped[0]].strip())
            continue
        before, body = _json_at_end(section)
        found = read_json_call(unfenced(body), actions) or _as_call(unfenced(body), actions)
        if found:
            reading.found += found
            reading.thoughts.append(before)
        elif section.kind == PROSE and len(sections) == 1:
            reading.found.append(Shaped(answer=section.text))
        else:
            reading.thoughts.append(section.text)
    return reading


def _json_at_end(section: Section) -> tuple[str, str]:
    """A text as what stands before JSON or a fence at the start of a line, and from there on."""
    lines = section.text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(('{"', "{'", "{“", "```")):
            return "\n".join(lines[:number]).strip(), "\n".join(lines[number:])
    return "", section.text


def _as_call(text: str, actions: Actions) -> list[Shaped] | None:
    """The text as `name(arguments)` and nothing else."""
    stripped = text.strip()
    call = read_call(stripped, actions) if stripped.endswith(")") and "\n" not in stripped else None
    return [call] if call else None
