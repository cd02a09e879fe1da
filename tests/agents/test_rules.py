"""Rules of arguments and facts about one argument, as the gate asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from shopbot.agents.config import GateConfig, utc_now
from shopbot.agents.consent import asked_terms, has_consent
from shopbot.agents.plan import allowed_now, changes_with_consequences
from shopbot.agents.proposal import READ_TRIES, Approved, Refusal, validate
from shopbot.agents.state import Question, TurnState
from shopbot.tools import Action, ActionError, Call, Observation, action

Stock = dict[str, int]


def is_in_stock(call: Call[Stock], book: str, copies: int) -> str | None:
    if book not in call.services:
        raise ActionError(f"The library has no {book!r}.")
    return None if copies <= call.services[book] else f"{call.services[book]} copies of {book} are left."


@action(gives=("book:{book}",))
def look_at(call: Call[Stock], book: str) -> Observation:
    """Look at a book."""
    return Observation("it is there", facts={f"book:{book}": True})


@action(needs=("book:{book}",), effect="write", confirm="lend", rules=(is_in_stock,))
def lend(call: Call[Stock], book: str, copies: int) -> Observation:
    """Lend copies of a book."""
    return Observation("lent")


@action(gives=("shelf",), needs=("book:{book}",))
def find_shelf(call: Call[Stock], book: str) -> Observation:
    """Find the shelf of a book."""
    return Observation("shelf 7", facts={"shelf": 7})


ACTIONS: dict[str, Action] = {one.name: one for one in (look_at, lend, find_shelf)}
SAID = "Two copies of Emma and one of Ulysses, please."


def state(said: Sequence[AnyMessage] = (HumanMessage(SAID, id="h"),), **facts: Any) -> TurnState:
    config = GateConfig(ACTIONS, services={"Emma": 2, "Ulysses": 0})
    return TurnState({"messages": list(said), "facts": facts}, config, "")


def propose(name: str, now: TurnState, **args: Any) -> Approved | Refusal:
    return validate({"name": name, "args": args, "id": "c", "type": "tool_call"}, now)


def test_what_was_looked_at_is_one_book_and_no_other() -> None:
    now = state(**{"book:Emma": True})
    assert isinstance(propose("lend", now, book="Emma", copies=2), Approved)
    refused = propose("lend", now, book="Ulysses", copies=1)
    assert isinstance(refused, Refusal)
    assert "book:Ulysses" in refused.sentence


def test_an_action_is_offered_once_a_fact_of_its_kind_holds() -> None:
    assert set(allowed_now({}, ACTIONS)) == {"look_at"}
    assert set(allowed_now({"book:Emma": True}, ACTIONS)) == {"look_at", "lend", "find_shelf"}


def test_a_fact_about_an_argument_falls_with_what_it_rests_on() -> None:
    facts = {"user": "a", "order:#1": "pending", "order:#2": "delivered"}
    changed = changes_with_consequences(facts, {"user": "b"}, [_order_read])
    assert changed == {"user": "b", "order:#1": None, "order:#2": None}


@action(needs=("user",), gives=("order:{order_id}",))
def _order_read(call: Call[Any], order_id: str) -> Observation:
    """Look at an order."""
    return Observation("")


def test_a_broken_rule_refuses_with_its_own_sentence() -> None:
    refused = propose("lend", state(**{"book:Ulysses": True}), book="Ulysses", copies=1)
    assert isinstance(refused, Refusal)
    assert refused.reason == "against_rule"
    assert "0 copies of Ulysses are left." in refused.sentence


def test_an_expected_failure_of_a_rule_is_its_refusal() -> None:
    said = [HumanMessage("Two copies of Persuasion", id="h")]
    refused = propose("lend", state(said, **{"book:Persuasion": True}), book="Persuasion", copies=2)
    assert isinstance(refused, Refusal)
    assert "has no 'Persuasion'" in refused.sentence


def test_a_yes_is_used_up_by_the_call_that_it_was_for() -> None:
    said: list[AnyMessage] = [HumanMessage(SAID, id="h"), AIMessage("Shall I lend it?", id="q"), HumanMessage("yes")]
    args, facts = {"book": "Emma", "copies": 2}, {"book:Emma": True}
    terms = asked_terms(lend, args, state(said, **facts))
    question = Question(id="1", action="lend", digest=terms, message="q", asked_at=utc_now().isoformat())

    def has_yes(messages: Sequence[AnyMessage], args: dict[str, Any]) -> bool:
        values = {"messages": list(messages), "facts": facts, "question": question}
        return has_consent(lend, args, TurnState(values, GateConfig(ACTIONS), ""))

    assert has_yes(said, args)
    assert not has_yes(said, {"book": "Emma", "copies": 1})
    call = {"name": "lend", "args": args, "id": "c1", "type": "tool_call"}
    done = [*said, AIMessage("", tool_calls=[call]), ToolMessage("lent", tool_call_id="c1", name="lend")]
    assert not has_yes(done, args)


def test_a_read_that_failed_may_be_tried_again_a_few_times() -> None:
    messages: list[AnyMessage] = [HumanMessage("Emma", id="h")]
    tried = 0
    while isinstance(propose("look_at", state(messages), book="Emma"), Approved):
        call = {"name": "look_at", "args": {"book": "Emma"}, "id": f"c{tried}", "type": "tool_call"}
        failed = ToolMessage("503", tool_call_id=f"c{tried}", name="look_at", status="error")
        messages += [AIMessage("", tool_calls=[call]), failed]
        tried += 1
    assert tried == READ_TRIES
