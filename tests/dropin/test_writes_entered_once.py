"""A middleware behind the gate that runs tools again: a write is entered once, and its outcome stays unknown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents.middleware import AgentMiddleware, ToolRetryMiddleware
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.testing import Conversation, Script
from shopbot.tools import Action, Call, Observation, action
from shopbot.tools.call import UNKNOWN

PAY = {"call": "pay", "args": {"amount": 5}}
RETRY = ToolRetryMiddleware(max_retries=2, initial_delay=0, jitter=False)
KINDS = pytest.mark.parametrize("kind", ["ours", "foreign"])


def payment(kind: str, paid: list[int], **contract: Any) -> Action:
    """A payment that goes through, and of which the answer is lost."""

    def take(amount: int) -> None:
        paid.append(amount)
        raise ConnectionError("lost: host=10.0.0.7")

    @action(effect="write", **contract)
    def pay(call: Call[Any], amount: int) -> Observation:
        """Pay."""
        take(amount)
        return Observation("Paid.")

    @tool("pay")
    def foreign(amount: int) -> str:
        """Pay."""
        take(amount)
        return "Paid."

    return pay if kind == "ours" else Action.from_tool(foreign, effect="write", **contract)


def talk(*actions: Action, behind: Any = RETRY) -> Conversation:
    script = Script(PAY, {"say": "Something went wrong."})
    return Conversation(create_agent(script, actions, middleware=["gate", behind], checkpointer=InMemorySaver()))


@KINDS
def test_a_write_that_failed_by_surprise_is_not_run_again_and_its_outcome_is_unknown(kind: str) -> None:
    paid: list[int] = []
    said = talk(payment(kind, paid))
    said.say("Pay 5 euros.")
    observed = next(message for message in said.messages if message.type == "tool")
    assert paid == [5]
    assert observed.artifact["data"][UNKNOWN]
    assert "10.0.0.7" not in observed.text


def test_so_it_is_on_an_event_loop() -> None:
    paid: list[int] = []
    agent = create_agent(Script(PAY, {"say": "Sorry."}), [payment("foreign", paid)], middleware=["gate", RETRY])
    asyncio.run(agent.ainvoke({"messages": [("user", "Pay 5 euros.")]}))
    assert paid == [5]


@KINDS
def test_an_idempotent_write_is_run_again_and_its_last_failure_is_the_gates_to_tell(kind: str) -> None:
    paid: list[int] = []
    said = talk(payment(kind, paid, idempotent=True))
    said.say("Pay 5 euros.")
    assert paid == [5, 5, 5]
    assert not any("10.0.0.7" in message.text for message in said.messages)


def test_a_write_that_a_middleware_calls_twice_gives_what_it_came_to_twice() -> None:
    class Twice(AgentMiddleware[Any, Any, Any]):
        def wrap_tool_call(self, request: Any, handler: Any) -> Any:
            handler(request)
            return handler(request)

    paid: list[int] = []

    @action(effect="write")
    def pay(call: Call[Any], amount: int) -> Observation:
        """Pay."""
        paid.append(amount)
        return Observation(f"Paid {amount}.")

    said = talk(pay, behind=Twice())
    said.say("Pay 5 euros.")
    assert paid == [5]
    assert [message.text for message in said.messages if message.type == "tool"] == ["Paid 5."]
