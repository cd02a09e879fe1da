"""A trace: one decision of an engine, as one line of a JSON-lines file (plain or gzip).

What engines at work record, what adaptors make of public dialogue sets, and what learned engines are trained on.
Standard library only, so that a running shop can write traces without anything that training needs.

    {"conversation": "c1", "turn": 2, "context": [["User", "Where is my order?"], ["Agent", "[ACTION] track_order {}"]],
     "allowed": [{"name": "track_order", "description": "...", "parameters": {...}}], "choice": "track_order",
     "args": {}, "reply": "", "score": 0.98, "engine": "planner", "outcome": "accepted", "time": "2026-01-01T00:00:00Z"}
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from shopbot.errors import AgentError

Speaker = Literal["User", "Agent", "Observation"]
Outcome = Literal["accepted", "refused", "failed", "replied"]
"""What became of the choice: the gate let it act, sent it back, it failed when it ran, or it was a plain reply."""

ACTION_MARK = "[ACTION]"


@dataclass(frozen=True)
class AllowedAction:
    """An action that could be chosen; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trace:
    """One decision.

    Attributes:
        conversation: identifies the conversation; never the customer.
        turn: the number of the customer's message that is being answered, from 1.
        context: what was said and done before, oldest first, as (speaker, text); an agent's action is written by
            `write_action`.
        allowed: the actions to choose from.
        choice: the name of the action chosen; None for a plain reply.
        args: the arguments of the action.
        reply: the words of a plain reply.
        score: the engine's (or teacher's) confidence in the choice, 0 to 1.
        scores: the probability of each action, where they are known (soft labels of a teacher).
        engine: the spec of the engine that decided.
        outcome: what became of it.
        time: when, ISO 8601 in UTC.
    """

    conversation: str
    turn: int
    context: tuple[tuple[Speaker, str], ...]
    allowed: tuple[AllowedAction, ...]
    choice: str | None
    args: Mapping[str, Any] = field(default_factory=dict)
    reply: str = ""
    score: float | None = None
    scores: Mapping[str, float] | None = None
    engine: str = ""
    outcome: Outcome = "accepted"
    time: str = ""


class TraceError(AgentError, ValueError):
    """A line is no trace; the message says where and why."""


def write_action(name: str, args: Mapping[str, Any]) -> str:
    """An agent's action as it stands in a context: `[ACTION] name {json args}`."""
    return f"{ACTION_MARK} {name} {json.dumps(dict(args), ensure_ascii=False, default=str)}"


def to_line(trace: Trace) -> str:
    """The trace as one line of JSON, without the line's end."""
    fields = {
        **vars(trace),
        "context": [list(said) for said in trace.context],
        "allowed": [vars(action) for action in trace.allowed],
    }
    if trace.scores is None:
        del fields["scores"]
    return json.dumps(fields, ensure_ascii=False, default=str)


def from_line(line: str) -> Trace:
    """The trace that a line of JSON holds.

    Raises:
        TraceError: the line is not JSON, or a field is missing, unknown or of another type.
    """
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise TraceError(f"{line[:60]!r} is not JSON ({error}): give one trace a line.") from None
    if not isinstance(fields, dict):
        raise TraceError(f"{line[:60]!r} is no object: give one trace a line.")
    try:
        trace = Trace(**{**fields, "context": _context(fields["context"]), "allowed": _allowed(fields["allowed"])})
    except (TypeError, KeyError, ValueError) as error:
        raise TraceError(f"{line[:60]!r} is no trace ({_reason(error)}): see the fields of a trace.") from None
    _check(trace, line)
    return trace


def read_traces(path: str | Path) -> Iterator[Trace]:
    """The traces of a file, `.gz` or plain, empty lines left out.

    Raises:
        TraceError: names the file and the number of the line that is no trace.
        OSError: the file cannot be read.
    """
    path = Path(path)
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield from_line(line)
                except TraceError as error:
                    raise TraceError(f"{path}, line {number}: {error}") from None


def _context(rows: Any) -> tuple[tuple[Speaker, str], ...]:
    context = tuple((speaker, text) for speaker, text in rows)
    wrong = next((speaker for speaker, text in context if speaker not in get_args(Speaker)), None)
    if wrong is not None:
        raise ValueError(f"the speaker {wrong!r} is none of {', '.join(get_args(Speaker))}")
    if not all(isinstance(text, str) for _, text in context):
        raise ValueError("a text in the context is no string")
    return context


def _allowed(rows: Any) -> tuple[AllowedAction, ...]:
    return tuple(AllowedAction(**row) for row in rows)


def _check(trace: Trace, line: str) -> None:
    faults = {
        "conversation is no string": not isinstance(trace.conversation, str),
        "turn is no whole number": not isinstance(trace.turn, int) or isinstance(trace.turn, bool),
        "choice is neither a name nor null": not isinstance(trace.choice, str | None),
        "args is no object": not isinstance(trace.args, dict),
        "reply is no string": not isinstance(trace.reply, str),
        "score is neither a number nor null": not isinstance(trace.score, int | float | None),
        "scores is no object": not isinstance(trace.scores, dict | None),
        f"outcome is none of {', '.join(get_args(Outcome))}": trace.outcome not in get_args(Outcome),
    }
    fault = next((sentence for sentence, found in faults.items() if found), None)
    if fault is not None:
        raise TraceError(f"{line[:60]!r} is no trace ({fault}): see the fields of a trace.")


def _reason(error: Exception) -> str:
    return f"no field {error}" if isinstance(error, KeyError) else str(error)
