"""Agents that hand over to each other: what was said is shared, facts pass by contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langchain.agents import create_agent as create_langchain_agent
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from pydantic import BaseModel

from shopbot.agents import Gate, HandOver, SharedState, create_agent
from shopbot.agents.hand_over import HandOverError
from shopbot.testing import Conversation, Script
from shopbot.tools import Call, Observation, action


class Customer(BaseModel):
    """Who is spoken with."""

    name: str
    since: int


BILLING = HandOver("billing", customer=Customer)
FIND = {"call": "find_customer", "args": {"name": "Jane"}}
OVER = {"call": "hand_over_to_billing"}
REFUND = {"call": "refund"}


@action(gives=("customer", "secret"))
def find_customer(call: Call[Any], name: str) -> Observation:
    """Find a customer."""
    return Observation("found", facts={"customer": {"name": name, "since": 2020}, "secret": "not theirs"})


@action(gives=("customer",))
def guess_customer(call: Call[Any], name: str) -> Observation:
    """Find a customer, badly."""
    return Observation("found", facts={"customer": {"name": name, "since": "long ago"}})


@action(needs=("customer",), effect="write", confirm="Shall I refund {facts.customer[name]}?")
def refund(call: Call[Any]) -> Observation:
    """Refund."""
    return Observation(f"{call.facts['customer']['name']} is refunded", data={"knows": sorted(call.facts)})


def graph_of(clerk: Any, billing: Any) -> Conversation:
    graph: Any = StateGraph(SharedState)
    graph.add_node("clerk", clerk)
    graph.add_node("billing", billing)
    graph.add_conditional_edges(START, lambda state: state.get("active") or "clerk", ["clerk", "billing"])
    return Conversation(graph.compile(checkpointer=InMemorySaver()))


def dropped_in(script: Script, actions: Any, **options: Any) -> Any:
    return create_langchain_agent(script, middleware=[Gate(actions, **options)], checkpointer=True)


def made_by_us(script: Script, actions: Any, **options: Any) -> Any:
    return create_agent(script, actions, checkpointer=True, **options)


@pytest.mark.parametrize("make", [dropped_in, made_by_us])
def test_the_conversation_and_the_facts_of_the_contract_pass_on(make: Any) -> None:
    billing = Script(REFUND, REFUND, {"say": "Jane is refunded."})
    talk = graph_of(make(Script(FIND, OVER), [find_customer, BILLING.action()]), make(billing, [refund], given=BILLING))
    talk.say("I am Jane, I want a refund.")
    assert talk.reply == "Shall I refund Jane?"
    talk.say("yes")
    assert talk.reply == "Jane is refunded."
    done = next(message for message in talk.messages if message.name == "refund")
    assert done.artifact["data"] == {"knows": ["customer"]}  # type: ignore[attr-defined]


def test_a_fact_that_does_not_fit_stays_and_is_told() -> None:
    clerk = made_by_us(
        Script({**FIND, "call": "guess_customer"}, OVER, {"say": "I cannot."}), [guess_customer, BILLING.action()]
    )
    talk = graph_of(clerk, made_by_us(Script(), [refund], given=BILLING))
    talk.say("I am Jane, I want a refund.")
    told = next(m.text for m in talk.messages if m.name == "hand_over_to_billing")
    assert talk.reply == "I cannot."
    assert told.startswith("The fact 'customer' does not fit the contract of the hand-over to 'billing'")
    assert "customer.since is 'long ago'" in told


def test_it_is_offered_when_its_facts_are_there() -> None:
    script = Script({"say": "Who are you?"})
    Conversation(create_agent(script, [find_customer, BILLING.action()])).say("Hello")
    assert script.offered == [("find_customer",)]


def test_facts_for_another_agent_are_not_taken() -> None:
    script = Script({"say": "Who are you?"})
    agent = create_agent(script, [refund], given=HandOver("returns", customer=Customer))
    state = agent.invoke({"messages": [HumanMessage("hi")], **BILLING.state({"customer": Customer(name="J", since=1)})})
    assert (state.get("facts") or {}, script.offered) == ({}, [()])


def test_an_agent_is_a_tool_of_another_and_gets_its_facts_by_contract() -> None:
    inner = create_agent(Script({"say": "It is Jane's."}), [refund], given=BILLING)

    @action(needs=("customer",), gives=("opinion",))
    def ask_billing(call: Call[Any], question: str) -> Observation:
        """Ask the billing agent."""
        given = {"messages": [HumanMessage(question)], **BILLING.state(call.facts)}
        state = inner.invoke(given)
        return Observation(state["messages"][-1].text, facts={"opinion": state["facts"]["customer"]["name"]})

    ask = {"call": "ask_billing", "args": {"question": "Whose is it?"}}
    talk = Conversation(create_agent(Script(FIND, ask, {"say": "Jane's."}), [find_customer, ask_billing]))
    talk.say("I am Jane. Whose is it?")
    assert talk.facts["opinion"] == "Jane"


def test_a_fact_that_is_missing_is_told() -> None:
    with pytest.raises(HandOverError, match="needs the fact 'customer', which is not established"):
        BILLING.state({})


@pytest.mark.parametrize("make", [dropped_in, made_by_us])
def test_an_input_schema_can_be_shown(make: Any) -> None:
    schema = make(Script(), [find_customer]).get_input_jsonschema()
    assert "messages" in schema["properties"]


def test_an_agent_is_a_sub_agent_of_deepagents() -> None:
    deepagents = pytest.importorskip("deepagents", reason="deepagents is not installed")
    billing = create_agent(Script(FIND, {"say": "It is Jane."}), [find_customer])
    task = {"call": "task", "args": {"description": "Find Jane.", "subagent_type": "clerk"}}
    clerk = {"name": "clerk", "description": "finds customers", "runnable": billing}
    main = deepagents.create_deep_agent(model=Script(task, {"say": "Jane."}), subagents=[clerk])
    said = main.invoke({"messages": [HumanMessage("Who is it?")]})["messages"]
    assert [message.text for message in said if message.type == "tool"] == ["It is Jane."]


@action(needs=("customer",), gives=("offer",))
def make_offer(call: Call[Any]) -> Observation:
    """Compute an offer."""
    return Observation("offered", facts={"offer": f"for {call.facts['customer']['name']}"})


@action(needs=("offer",), effect="write")
def pay_offer(call: Call[Any]) -> Observation:
    """Pay the offer."""
    return Observation("paid")


BACK = HandOver("clerk")


def test_what_rested_on_an_earlier_customer_falls_when_another_is_handed_over() -> None:
    clerk = Script(FIND, OVER, {"call": "find_customer", "args": {"name": "Bob"}}, OVER)
    billing = Script(
        {"call": "make_offer"}, {"say": "Here you are."}, {"call": "hand_over_to_clerk"}, {"call": "pay_offer"},
        *[{"say": "Anything else?"}] * 3,
    )  # fmt: skip
    actions = [make_offer, pay_offer, BACK.action()]
    talk = graph_of(
        made_by_us(clerk, [find_customer, BILLING.action()], given=BACK), made_by_us(billing, actions, given=BILLING)
    )
    talk.say("I am Jane")
    talk.say("No, I am Bob")
    assert "paid" not in [message.text for message in talk.state["messages"]]


@pytest.mark.parametrize(("hours", "holds"), [(0.5, True), (5, False)])
def test_what_was_handed_over_lapses_with_the_customers_silence(hours: float, holds: bool) -> None:
    now = [datetime(2026, 5, 1, 12, tzinfo=UTC)]
    clerk, billing = Script(FIND, OVER), Script({"say": "Hello."}, {"call": "make_offer"}, *[{"say": "Yes?"}] * 3)
    talk = graph_of(
        made_by_us(clerk, [find_customer, BILLING.action()], now=lambda: now[0]),
        made_by_us(billing, [make_offer], given=BILLING, now=lambda: now[0]),
    )
    talk.say("I am Jane")
    now[0] += timedelta(hours=hours)
    talk.say("And now?")
    assert ("offered" in [message.text for message in talk.state["messages"]]) == holds
