"""Is the database faithful? Every recorded read and accepted write, carried out in order, beside the recorded answer.

Compared as values: JSON without the fields that are null, numbers to the cent, one name for a field that the two
benchmarks name differently. Faults that a benchmark injected into its tools are no answers, and are counted apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.replay.apply import apply, told
from benchmarks.replay.environment import Environment, uses
from benchmarks.replay.runs import Run, ToolUse

INJECTED = "503"
_RENAMED = {"province": "state"}
_ADDED = {"user_id"}
"""Fields that one of the benchmarks adds to a record that the other returns without."""


@dataclass(frozen=True)
class Compared:
    """One recorded answer: `ours` is what the database gives, `same` whether that is the same."""

    run: str
    use: ToolUse
    ours: str
    same: bool
    injected: bool = False


def compare(run: Run, environment: Environment) -> Iterator[Compared]:
    """Each recorded answer of a run beside ours."""
    store = environment.fresh(run)
    for _, use in uses(run):
        if use.answer is None or (use.failed and environment.writes(use.name)):
            continue
        if is_injected(use):
            yield Compared(run.name, use, "", same=False, injected=True)
            continue
        refused = told(use, environment, store, {}) if use.failed else None
        ours = f"Error: {refused}" if refused else apply(use, environment, store, {}).text
        yield Compared(run.name, use, ours, same_answer(use.answer, ours))


def is_injected(use: ToolUse) -> bool:
    """Whether the recorded answer is a fault that the benchmark put in the tool's way."""
    return use.failed and use.answer is not None and INJECTED in use.answer[:40]


def same_answer(recorded: str, ours: str) -> bool:
    """Whether both say the same; of an error, what it is about (its first words), not how it goes on."""
    if recorded.lower().startswith("error"):
        return ours.lower().startswith(recorded.lower().rstrip("."))
    return _value(recorded) == _value(ours)


def _value(text: str) -> Any:
    try:
        return _canonical(json.loads(text))
    except ValueError:
        return text.strip()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        named = {_RENAMED.get(key, key): _canonical(inner) for key, inner in value.items() if inner is not None}
        is_profile = "payment_methods" in named
        return {key: inner for key, inner in named.items() if not (is_profile and key in _ADDED)}
    if isinstance(value, list):
        return [_canonical(inner) for inner in value]
    return round(float(value), 2) if isinstance(value, int | float) and not isinstance(value, bool) else value
