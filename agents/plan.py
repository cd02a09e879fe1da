"""The plan: the steps from the facts at hand to the goal, by backward chaining over `needs` and `gives`.

It is computed, never remembered: change a fact and the plan changes. It proposes nothing whose needs fail; a fact
that no action can give is reported as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shopbot.agents.facts import GOALS, Facts
from shopbot.tools.action import Action


@dataclass(frozen=True)
class Step:
    """One action on the way; done when everything it gives already holds."""

    action: Action
    done: bool


@dataclass(frozen=True)
class Plan:
    """Steps in the order in which they can be taken; `missing` lists facts that no action gives."""

    goal: str | None = None
    steps: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def next(self) -> Action | None:
        """The first step that is still to be taken."""
        return next((step.action for step in self.steps if not step.done), None)

    @property
    def awaiting(self) -> str | None:
        """What the customer has to say before the plan can go on, if that is what it waits for."""
        following = self.next
        return following.awaiting if following and not self.missing else None

    def as_state(self, *, finished: bool = False) -> list[dict[str, object]]:
        """The plan as plain values: `[{"step": title, "done": bool}]`."""
        return [{"step": step.action.title, "done": step.done or finished} for step in self.steps]

    def as_mermaid(self) -> str:
        """The plan as a Mermaid flow chart; finished steps are filled."""
        lines = ["flowchart LR"]
        lines += [f'    s{i}["{step.action.title}"]' for i, step in enumerate(self.steps)]
        lines += [f"    s{i} --> s{i + 1}" for i in range(len(self.steps) - 1)]
        lines += [f"    style s{i} fill:#cde8cf" for i, step in enumerate(self.steps) if step.done]
        return "\n".join(lines)


def make_plan(facts: Facts, actions: Mapping[str, Action]) -> Plan:
    """The plan towards the customer's current goal; an empty one when there is none."""
    goals: Sequence[str] = facts.get(GOALS) or ()
    if not goals or goals[0] not in actions:
        return Plan()
    steps: list[Step] = []
    missing: list[str] = []
    _chain(actions[goals[0]], facts, actions, steps, missing, frozenset())
    return Plan(goals[0], tuple(steps), tuple(missing))


def draw_plan(actions: Iterable[Action], goal: str, facts: Facts | None = None) -> str:
    """The way to `goal` as a Mermaid flow chart, the steps ticked that `facts` make needless."""
    return make_plan({**(facts or {}), GOALS: [goal]}, {action.name: action for action in actions}).as_mermaid()


def _chain(
    goal: Action,
    facts: Facts,
    actions: Mapping[str, Action],
    steps: list[Step],
    missing: list[str],
    above: frozenset[str],
) -> None:
    """Append the steps that lead to `goal`, then `goal` itself."""
    for need in goal.needs:
        giver = _giver(need, actions, above | {goal.name})
        if giver is None:
            if need not in facts:
                missing.append(need)
        elif all(step.action.name != giver.name for step in steps):
            _chain(giver, facts, actions, steps, missing, above | {goal.name})
    final = not above
    steps.append(Step(goal, done=not final and bool(goal.gives) and all(fact in facts for fact in goal.gives)))


def _giver(fact: str, actions: Mapping[str, Action], above: frozenset[str]) -> Action | None:
    return next((a for a in actions.values() if fact in a.gives and a.name not in above), None)


def allowed_now(facts: Facts, actions: Mapping[str, Action]) -> dict[str, Action]:
    """The actions whose needs hold."""
    return {name: action for name, action in actions.items() if not unmet(action, facts)}


def unmet(action: Action, facts: Facts) -> tuple[str, ...]:
    """The facts that `action` still needs."""
    return tuple(need for need in action.needs if need not in facts)
