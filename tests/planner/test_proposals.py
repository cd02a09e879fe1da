"""What the planner proposes for a reading, and what it leaves out."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from shopbot.engines.protocol import Briefing
from shopbot.engines.shopbot.proposals import Proposal, next_proposal
from shopbot.engines.shopbot.reader import Reading, Span

OFFERED = {"pursue": ("goal",), "choose_items": ("items", "add"), "take_order_number": ("order_number",)}
MESSAGE = "sending back the hat"
READ = Reading(
    {"want_return": 0.9, "choose_items": 0.9},
    (Span("ITEM", "hat", 17, 20, 0.9),),
    frozenset({"want_return", "choose_items"}),
)


def briefing(goal: str | None, awaiting: str | None) -> Briefing:
    return Briefing(
        facts={},
        goals=[goal] if goal else [],
        plan=[],
        next=None,
        awaiting=awaiting,
        turn_start={"awaiting": awaiting, "goal": goal, "known": []},
        asked=None,
        allowed=[],
        blocked={},
        confirm=[],
    )


def proposed(goal: str | None, awaiting: str | None) -> Proposal | None:
    return next_proposal(READ, [HumanMessage(MESSAGE)], briefing(goal, awaiting), OFFERED)


def test_a_wish_begins_with_its_goal() -> None:
    assert proposed(None, None) == Proposal("pursue", {"goal": "arrange_return"})


@pytest.mark.parametrize("awaiting", ["order_number", "email", "items", "confirmation"])
def test_a_goal_under_way_is_not_pursued_again(awaiting: str) -> None:
    found = proposed("arrange_return", awaiting)
    assert found is not None
    assert found.action == "choose_items"


def test_a_goal_that_nothing_is_asked_for_is_pursued_anew() -> None:
    assert proposed("arrange_return", None) == Proposal("pursue", {"goal": "arrange_return"})


def test_another_goal_than_the_one_under_way_is_pursued() -> None:
    assert proposed("track_order", "order_number") == Proposal("pursue", {"goal": "arrange_return"})
