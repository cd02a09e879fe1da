"""Plausible context lines: the first half of what the reader sees in training."""

from __future__ import annotations

import random

from shopbot.engines.shopbot.understanding import render_context

STATES = ("start", "order_number", "email", "items", "confirmation", "after")
_ANY_WEIGHTS = (30, 17, 16, 13, 14, 10)
_GOALS = ("return", "tracking", "order_details", "order_list", "return_status")


def draw_state(rng: random.Random) -> str:
    """Any state of a conversation, as often as customers are in it."""
    return rng.choices(STATES, _ANY_WEIGHTS)[0]


def sample_context(state: str, rng: random.Random) -> str:
    """Draw a plausible context line for a state of the conversation."""
    awaiting = None if state in ("start", "after") else state
    return render_context(awaiting, _sample_goal(state, rng), _sample_known(state, rng))


def _sample_goal(state: str, rng: random.Random) -> str | None:
    if state in ("items", "confirmation"):
        return "return"
    if state == "start":
        return None if rng.random() < 0.9 else rng.choice(_GOALS)
    if state == "after" and rng.random() < 0.5:
        return None
    return rng.choices(_GOALS, (60, 15, 10, 5, 10))[0]


def _sample_known(state: str, rng: random.Random) -> list[str]:
    verified = ["order_number", "email", "customer", "order"]
    if state == "start":
        return rng.choice([[], [], [], ["order_number"], ["email"]])
    if state == "order_number":
        return rng.choice([[], [], [], ["email"], ["items"], ["email", "items"]])
    if state == "email":
        return rng.choice([["order_number"], ["order_number"], ["order_number", "items"], []])
    if state == "items":
        return verified
    if state == "confirmation":
        return [*verified, "items", "offer"]
    return rng.choice([verified, [*verified, "items", "offer", "label"], [*verified, "items"], []])
