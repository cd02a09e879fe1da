"""Facts and the plan: what has been established, and the steps from there to what the customer wants.

Facts are a flat mapping of names to plain JSON values; only actions change them. The plan is computed by backward
chaining over `needs` and `gives`, never remembered: change a fact and the plan changes. It proposes nothing whose needs
fail; a fact that no action can give is reported as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from shopbot.tools.action import Action, Call, Observation, Source, action
from shopbot.tools.facts import derives, holds, instances, is_instance, named

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
        for derived in _derived_from(cause, facts, actions):
            if derived not in result:
                result[derived] = None
                changed.append(derived)
    return result


def lapsed(
    facts: Facts,
    silence: timedelta,
    actions: Iterable[Action],
    handed: Iterable[tuple[timedelta | None, Iterable[str]]] = (),
) -> dict[str, Any]:
    """The withdrawal of every fact whose action lets it lapse after a silence of this length, with consequences.

    `handed`: after which silence facts lapse, by their names, that another agent has handed over.
    """
    actions = list(actions)
    given = [(action.lapses, action.gives) for action in actions]
    gone = {
        fact: None
        for after, names in [*given, *handed]
        if isinstance(after, timedelta) and silence >= after
        for name in names
        for fact in instances(name, facts)
    }
    return changes_with_consequences(facts, gone, actions)


def _derived_from(cause: str, facts: Facts, actions: list[Action]) -> Iterable[str]:
    """The facts that hold because of `cause`: of the same arguments, where both are about one."""
    rests = ((action, need) for action in actions for need in action.needs if is_instance(cause, need))
    given = ((need, fact) for action, need in rests for fact in action.gives)
    return (one for need, fact in given for one in instances(fact, facts) if derives(need, cause, fact, one))


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
            if not holds(need, facts):
                missing.append(need)
        elif all(step.action.name != giver.name for step in steps):
            _chain(giver, facts, actions, steps, missing, above | {goal.name})
    final = not above
    steps.append(Step(goal, done=not final and bool(goal.gives) and all(holds(fact, facts) for fact in goal.gives)))


def _giver(fact: str, actions: Mapping[str, Action], above: frozenset[str]) -> Action | None:
    return next((a for a in actions.values() if fact in a.gives and a.name not in above), None)


def allowed_now(facts: Facts, actions: Mapping[str, Action]) -> dict[str, Action]:
    """The actions whose needs hold."""
    return {name: action for name, action in actions.items() if not unmet(action, facts)}


def unmet(action: Action, facts: Facts, args: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The facts that `action` still needs: of these arguments, or to be possible at all."""
    needs = (need if args is None else named(need, args) for need in action.needs)
    return tuple(need for need in needs if not holds(need, facts))


def make_pursue(goals: Sequence[str]) -> Action:
    """`pursue`: how an engine says which of `goals` the customer wants when it cannot be done yet."""

    def pursue(call: Call[Any], goal: Any) -> Observation:
        """Aim at what the customer wants, when it needs more steps. The plan then says what comes first."""
        rest = [name for name in call.facts.get(GOALS) or () if name != goal]
        return Observation(f"The goal is now {goal}.", facts={GOALS: [goal, *rest]})

    pursue.__annotations__.update(goal=Annotated[Literal[tuple(goals)], Source.ENGINE])
    return action(title="understand what is wanted")(pursue)
