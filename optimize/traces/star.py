"""STAR's next-action rows as traces (Mosig, Mehri and Kober, 2020, arXiv:2010.11853; MIT licence).

A row is one decision of a wizard: `dialog_id`, `history` of (speaker, text), the `action`, and for a query its `api`
and `constraints`. STAR lists no allowed actions, so every action of the file may be chosen,
with every argument that the file gives it. What the wizard then said is
found in the same dialogue's later rows; a row whose dialogue goes no further has none.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from shopbot.engines.recording.trace_format import ACTION_MARK, AllowedAction, Speaker, Trace, TraceError, write_action

FIELDS = {"dialog_id", "history", "action"}
"""What tells a STAR row from a trace."""

_SPEAKERS: dict[str, Speaker] = {"User": "User", "Wizard": "Agent", "KnowledgeBase": "Observation"}
_QUERY, _RESULT = "[QUERY]", "[RESULT]"
_KINDS = {"Check": "query_check", "Book": "query_book"}
_CALL = re.compile(r'^api\.is_equal_to\((".*"|[^()]*)\)$')


def from_star(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> list[Trace]:
    """Traces of (line number, row) pairs that `check` has passed."""
    numbered = list(rows)
    longest: dict[str, list[Any]] = defaultdict(list)
    for _, row in numbered:
        longest[str(row["dialog_id"])] = max(longest[str(row["dialog_id"])], row["history"], key=len)
    taken: dict[str, dict[str, Any]] = defaultdict(dict)
    for _, row in numbered:
        taken[row["action"]] |= {name: {} for name in _arguments(row.get("constraints") or [])}
    allowed = tuple(AllowedAction(name, "", {"properties": taken[name]}) for name in sorted(taken))
    return [_trace(row, longest[str(row["dialog_id"])], allowed) for _, row in numbered]


def _trace(row: Mapping[str, Any], longest: list[Any], allowed: tuple[AllowedAction, ...]) -> Trace:
    history = row["history"]
    said = longest[len(history)] if len(history) < len(longest) else ("Wizard", "")
    spoken = said[1] if said[0] == "Wizard" and not said[1].startswith(_QUERY) else ""
    return Trace(
        conversation=str(row["dialog_id"]),
        turn=sum(speaker == "User" for speaker, _ in history),
        context=tuple((_SPEAKERS[speaker], _text(text)) for speaker, text in history),
        allowed=allowed,
        choice=str(row["action"]),
        args=_arguments(row.get("constraints") or []),
        reply=spoken,
    )


def _text(text: str) -> str:
    """A query as an action, a result without its mark, anything else as it is."""
    if text.startswith(_QUERY):
        pairs = [part.split(" = ", 1) for part in text.removeprefix(_QUERY).split(" ; ")]
        args = {pair[0].strip(): _value(pair[1].strip()) for pair in pairs if len(pair) == 2}
        return write_action(_KINDS.get(str(args.get("RequestType")), "query"), args)
    return text.removeprefix(_RESULT).strip() if text.startswith(_RESULT) else text.replace(ACTION_MARK, "")


def _arguments(constraints: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    return {name: _value(value) for constraint in constraints for name, value in constraint.items()}


def _value(text: str) -> Any:
    """A constraint's value: equality is the value itself; any other comparison stays as it is written."""
    call = _CALL.match(text)
    bare = call.group(1) if call else text
    try:
        return json.loads(bare)
    except ValueError:
        return {"True": True, "False": False}.get(bare, bare)


def check(number: int, row: Mapping[str, Any]) -> None:
    """Whether line `number` is a row of STAR.

    Raises:
        TraceError: it is not.
    """
    history = row.get("history")
    sound = isinstance(history, list) and all(
        isinstance(said, list) and len(said) == 2 and said[0] in _SPEAKERS and isinstance(said[1], str)
        for said in history
    )
    if not sound or "dialog_id" not in row or not isinstance(row.get("action"), str):
        raise TraceError(f"line {number} is no STAR row: it needs dialog_id, history of [speaker, text] and action.")
