"""The context line of a turn: what the reader was trained to see before a message, made from the briefing."""

from __future__ import annotations

from collections.abc import Sequence

from shopbot.engines.protocol import TurnStart
from shopbot.prompts import load_data

_KNOWN = ("order_number", "email", "customer", "order", "items", "offer", "label")
"""The facts that the reader knows of, in the order in which it learned to see them."""


def context_of(turn_start: TurnStart) -> str:
    """How things stood when the customer spoke, as one line."""
    goals = load_data("planner/goals.yaml")
    known = [fact for fact in _KNOWN if fact in turn_start["known"]]
    return render_context(turn_start["awaiting"], goals.get(turn_start["goal"]), known)


def render_context(awaiting: str | None, goal: str | None, known: Sequence[str]) -> str:
    """Say what the shop has just asked for, what the customer is after, and which facts are known."""
    facts = ", ".join(known) or "nothing"
    return f"asked for: {awaiting or 'nothing'}. goal: {goal or 'none'}. known: {facts}."
