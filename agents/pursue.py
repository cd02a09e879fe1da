"""`pursue`: how an engine says what the customer wants when it cannot be done yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from shopbot.agents.facts import GOALS
from shopbot.tools.action import Action, Call, Observation, Source, action


def make_pursue(goals: Sequence[str]) -> Action:
    """The action that aims the plan at one of `goals`; the goal before it is kept and comes back afterwards."""

    def pursue(call: Call[Any], goal: Any) -> Observation:
        """Aim at what the customer wants, when it needs more steps. The plan then says what comes first."""
        rest = [name for name in call.facts.get(GOALS) or () if name != goal]
        return Observation(f"The goal is now {goal}.", facts={GOALS: [goal, *rest]})

    pursue.__annotations__.update(goal=Annotated[Literal[tuple(goals)], Source.ENGINE])
    return action(title="understand what is wanted")(pursue)
