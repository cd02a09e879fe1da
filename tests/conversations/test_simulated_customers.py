"""Customers with goals, moods and styles, in wordings that the engine was never trained on, judged by the end state."""

from __future__ import annotations

from benchmarks.simulated.goals import KINDS, draw_goal
from benchmarks.simulated_customers import Visit, pass_hat, run


def test_one_customer_of_each_kind_is_served() -> None:
    visits = run(len(KINDS), 1, "planner")
    failed = [f"{v.goal.kind}: {v.fault}" for mine in visits for v in mine if v.fault]
    # Of twenty customers in unseen words one may be misunderstood; never may anything happen that nobody asked for.
    assert len(failed) <= 1, failed
    assert not [fault for fault in failed if "instead of nothing" in fault or "a stranger" in fault]


def test_pass_hat_is_the_chance_that_all_of_k_visits_pass() -> None:
    goal = draw_goal(0, 1)
    good, bad = Visit(goal, [], ""), Visit(goal, [], "not served")
    visits = [[good, good, good, good], [good, good, bad, bad]]
    assert pass_hat(visits, 1) == (1 + 2 / 4) / 2
    assert pass_hat(visits, 2) == (1 + 1 / 6) / 2
    assert pass_hat(visits, 4) == 1 / 2
