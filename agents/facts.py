"""Facts: what observations have established in a conversation, and what falls when one of them changes.

Facts are a flat mapping of names to plain JSON values. Only actions change them; an engine never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shopbot.tools.action import Action

Facts = Mapping[str, Any]

GOALS = "goals"
"""The fact that lists what the customer wants, as names of goal actions, the current one first."""


def merge_facts(old: dict[str, Any] | None, changes: dict[str, Any] | None) -> dict[str, Any]:
    """LangGraph reducer: apply `changes`; a value of None withdraws the fact."""
    merged = {**(old or {}), **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def changes_with_consequences(facts: Facts, changes: Facts, actions: Iterable[Action]) -> dict[str, Any]:
    """`changes`, plus the withdrawal of every fact that was derived from a value that is now different.

    A fact is derived from another when an action that gives it needs the other. Saying the same value again changes
    nothing, so it withdraws nothing.
    """
    actions = list(actions)
    result = dict(changes)
    changed = [name for name, value in changes.items() if name in facts and facts[name] != value]
    while changed:
        cause = changed.pop()
        for derived in _derived_from(cause, actions):
            if derived in facts and derived not in result:
                result[derived] = None
                changed.append(derived)
    return result


def _derived_from(fact: str, actions: list[Action]) -> Iterable[str]:
    return (given for action in actions if fact in action.needs for given in action.gives)
