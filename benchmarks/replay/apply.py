"""Calls carried out without a gate: as the recorded run did, so that the database is as it was then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.replay.environment import Environment
from benchmarks.replay.runs import Run, ToolUse
from shopbot.tools import Call, Observation
from shopbot.tools.rules import broken

Effect = frozenset[tuple[str, Any]]
"""What a write changes: the places in the records that differ afterwards, with what stands there now; of a number that
was there before, by how much it differs."""


@dataclass(frozen=True)
class Applied:
    """What a call came to: its observation, or the error that it raised."""

    observation: Observation | None
    error: str = ""

    @property
    def text(self) -> str:
        """What the model would read."""
        return self.observation.text if self.observation else f"Error: {self.error}"


def apply(use: ToolUse, environment: Environment, store: Any, facts: Mapping[str, Any]) -> Applied:
    """Run the action itself, unchecked."""
    action = environment.actions.get(use.name)
    if action is None:
        return Applied(None, f"there is no tool {use.name!r}")
    try:
        args = action.arguments.model_validate(use.args).model_dump(mode="json")
        return Applied(action.run(Call(store, facts, "", ""), **args))
    except Exception as error:
        return Applied(None, str(error))


def effect(
    use: ToolUse, run: Run, environment: Environment, store: Any, facts: Mapping[str, Any]
) -> tuple[Applied, Effect]:
    """Run a write of a run, and say what it changed."""
    before = environment.records(store, run)
    applied = apply(use, environment, store, facts)
    after = environment.records(store, run)
    changed = [key for key, text in after.items() if before.get(key) != text]
    return applied, frozenset(
        each for key in changed for each in _differences(key, before.get(key, "null"), after[key])
    )


def _differences(key: str, before: str, after: str) -> Iterator[tuple[str, Any]]:
    old, new = dict(_leaves(key, json.loads(before))), dict(_leaves(key, json.loads(after)))
    for place in old.keys() | new.keys():
        was, now = old.get(place), new.get(place)
        if was != now:
            is_sum = isinstance(was, int | float) and isinstance(now, int | float)
            yield place, round(now - was, 2) if is_sum else round(now, 2) if isinstance(now, float) else now


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(f"{place}/{key}", inner)
    else:
        yield place, value


def right_effects(run: Run, environment: Environment) -> list[tuple[ToolUse, Effect]]:
    """The right writes with what each changes, in their order on a fresh database."""
    store, facts, found = environment.fresh(run), dict[str, Any](), list[tuple[ToolUse, Effect]]()
    for use in run.gold or ():
        if not environment.writes(use.name):
            observation = apply(use, environment, store, facts).observation
            facts.update(observation.facts if observation else {})
        elif told(use, environment, store, facts) is None:
            found.append((use, effect(use, run, environment, store, facts)[1]))
    return found


def told(use: ToolUse, environment: Environment, store: Any, facts: Mapping[str, Any]) -> str | None:
    """Why the benchmark's own tool refuses the call, by the rules that it knows; None when it does not."""
    action = environment.actions.get(use.name)
    rules = tuple(filter(environment.told_by_tools, action.rules)) if action else ()
    return broken(replace(action, rules=rules), Call(store, facts, "", ""), use.args) if action and rules else None
