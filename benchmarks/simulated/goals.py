"""What simulated customers are after, and what must be true when they leave."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from benchmarks.simulated.orders import Bought, Line, draw_order

KINDS = (
    "return_some", "return_some", "return_some", "return_all", "return_one_of_several", "add_before_yes",
    "remove_before_yes", "decline", "cancel", "wrong_email_first", "final_sale", "track", "details", "policy",
    "calculate", "person", "stranger", "all_but_one", "not_delivered", "status",
)  # fmt: skip
MOODS = ("calm", "polite", "angry", "chatty", "hurried", "asking")
STYLES = ("plain", "polished", "lower", "typos", "slang", "caps", "bare")


@dataclass(frozen=True)
class Goal:
    """One customer: what they want (`kind`), of which order, in which mood and manner of writing.

    `wanted` maps the lines to return to their quantities, as they shall stand in the database at the end; `first` are
    those named first, where the customer changes their mind on the way.
    """

    kind: str
    bought: Bought
    mood: str
    style: str
    wanted: dict[Line, int] = field(default_factory=dict)
    first: dict[Line, int] = field(default_factory=dict)
    changed: Line | None = None

    @property
    def returns(self) -> dict[str, int]:
        """What must come back, name -> quantity; nothing when no return may be made."""
        return {line.name: quantity for line, quantity in self.wanted.items()}


def draw_goal(place: int, seed: int) -> Goal:
    """The goal of customer number `place`: kinds in turn, mood and style by chance, the same for the same seed."""
    rng = random.Random(f"goal-{seed}-{place}")
    kind = KINDS[place % len(KINDS)]
    status = "shipped" if kind in ("track", "not_delivered") else "delivered"
    bought = draw_order(place, rng, status=status, final_sale=kind == "final_sale")
    wanted, first, changed = _selection(kind, bought, rng)
    return Goal(kind, bought, rng.choice(MOODS), rng.choice(STYLES), wanted, first, changed)


def _selection(kind: str, bought: Bought, rng: random.Random) -> tuple[dict[Line, int], dict[Line, int], Line | None]:
    lines = list(bought.lines)
    whole = {line: line.quantity for line in lines}
    match kind:
        case "return_some" | "wrong_email_first":
            chosen = {line: line.quantity for line in rng.sample(lines, rng.choice((1, 1, 2)))}
            return chosen, chosen, None
        case "return_all":
            return whole, whole, None
        case "return_one_of_several":
            several = [line for line in lines if line.quantity > 1] or lines
            chosen = {rng.choice(several): 1}
            return chosen, chosen, None
        case "add_before_yes":
            one, other = rng.sample(lines, 2)
            return {one: one.quantity, other: other.quantity}, {one: one.quantity}, other
        case "remove_before_yes":
            one, other = rng.sample(lines, 2)
            return {one: one.quantity}, {one: one.quantity, other: other.quantity}, other
        case "all_but_one":
            left = rng.choice(lines)
            return {line: n for line, n in whole.items() if line is not left}, whole, left
        case "decline" | "cancel" | "not_delivered" | "stranger":
            line = rng.choice(lines)
            return {}, {line: line.quantity}, None
        case "final_sale":
            return {}, {lines[0]: lines[0].quantity}, None
    return {}, {}, None
