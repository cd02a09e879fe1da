"""The plan reaches the goal or says what is missing, and never steps where needs fail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbot.agents.plan import GOALS, allowed_now, changes_with_consequences, make_plan, merge_facts, unmet
from shopbot.tools.action import Action, Call, Observation, action

FACTS = "abcdefgh"


def _make(name: str, needs: tuple[str, ...], gives: tuple[str, ...]) -> Action:
    def run(call: Call[None]) -> Observation:
        """Give."""
        return Observation("", facts=dict.fromkeys(gives, True))

    run.__name__ = name
    return action(needs=needs, gives=gives)(run)


@st.composite
def houses(draw: st.DrawFn) -> dict[str, Action]:
    """Actions that each give one fact and need some of any others, cycles and gaps included."""
    made = {}
    for fact in draw(st.lists(st.sampled_from(FACTS), unique=True, min_size=1)):
        needs = draw(st.lists(st.sampled_from(FACTS.replace(fact, "")), unique=True, max_size=3))
        made[f"make_{fact}"] = _make(f"make_{fact}", tuple(needs), (fact,))
    return made


@given(actions=houses(), known=st.sets(st.sampled_from(FACTS)), data=st.data())
def test_following_the_plan_reaches_the_goal_or_the_plan_says_what_is_missing(
    actions: dict[str, Action], known: set[str], data: st.DataObject
) -> None:
    goal = data.draw(st.sampled_from(sorted(actions)))
    facts = dict.fromkeys(known, True) | {GOALS: [goal]}
    for _ in range(len(actions) + 1):
        plan = make_plan(facts, actions)
        if plan.missing:
            return
        step = plan.next
        assert step is not None
        assert not unmet(step, facts), "the next step's needs hold"
        if step.name == goal:
            return
        facts |= dict.fromkeys(step.gives, True)
    raise AssertionError("the plan never came to its goal")


@given(actions=houses(), known=st.sets(st.sampled_from(FACTS)))
def test_what_is_allowed_is_exactly_what_has_its_needs_met(actions: dict[str, Action], known: set[str]) -> None:
    facts = dict.fromkeys(known, True)
    assert set(allowed_now(facts, actions)) == {name for name, one in actions.items() if set(one.needs) <= known}


def test_a_missing_fact_that_no_action_gives_is_named() -> None:
    actions = {"x": _make("x", ("moon",), ("a",))}
    assert make_plan({GOALS: ["x"]}, actions).missing == ("moon",)


def test_a_changed_fact_takes_everything_derived_from_it_along() -> None:
    actions = [_make("m1", ("a",), ("b",)), _make("m2", ("b",), ("c",)), _make("m3", ("d",), ("e",))]
    facts = {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    assert merge_facts(facts, changes_with_consequences(facts, {"a": 2}, actions)) == {"a": 2, "d": 1, "e": 1}


def test_a_changed_fact_about_one_order_leaves_those_of_others() -> None:
    @action(needs=("order:{order}",), gives=("offer:{order}:{item}",))
    def make_offer(call: Call[None], order: str, item: str) -> Observation:
        """Offer."""
        return Observation("")

    facts = {"order:1": "new", "offer:1:a": 5, "offer:2:a": 6}
    changes = changes_with_consequences(facts, {"order:1": "sent"}, [make_offer])
    assert changes == {"order:1": "sent", "offer:1:a": None}


def test_saying_the_same_again_changes_nothing() -> None:
    actions = [_make("m1", ("a",), ("b",))]
    facts = {"a": 1, "b": 1}
    assert changes_with_consequences(facts, {"a": 1}, actions) == {"a": 1}


def test_the_plan_can_be_drawn() -> None:
    actions = {"m1": _make("m1", (), ("a",)), "m2": _make("m2", ("a",), ("b",))}
    drawing = make_plan({GOALS: ["m2"], "a": 1}, actions).as_mermaid()
    assert drawing.startswith("flowchart LR")
    assert 's0["m1"]' in drawing
    assert "style s0" in drawing
