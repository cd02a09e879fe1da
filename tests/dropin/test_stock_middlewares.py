"""LangChain's own middlewares beside the gate, in front of it and behind."""

from __future__ import annotations

from typing import Any

import pytest
from bookings import CANCEL, CONTRACTS, FIND, Bookings
from langchain.agents.middleware import (
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    HumanInTheLoopMiddleware,
    LLMToolSelectorMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    TodoListMiddleware,
    ToolCallLimitMiddleware,
    ToolRetryMiddleware,
    before_model,
    dynamic_prompt,
)
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.types import Command

from shopbot.agents import Gate, create_agent
from shopbot.testing import Script
from shopbot.tools import Action, ContractError

UNASKED = {**CONTRACTS, "cancel_booking": {**CONTRACTS["cancel_booking"], "confirm": False}}
BOTH = pytest.mark.parametrize("place", ["front", "behind"])


@BOTH
def test_summaries_leave_facts_consent_and_the_users_words(place: str) -> None:
    bookings = Bookings()
    summary = SummarizationMiddleware(
        Script(*[{"say": "A summary of what was said about booking B-99."}] * 9),
        trigger=("messages", 5),
        keep=("messages", 2),
    )
    talk = bookings.talk(
        FIND, {"say": "Found."}, {"say": "Sunny."}, {"say": "Still sunny."},
        {"call": "find_booking", "args": {"number": "B-99"}}, FIND, CANCEL, CANCEL, {"say": "Cancelled."},
        **{place: [summary]},
    )  # fmt: skip
    talk.say("My booking is B-17.")
    talk.say("How is the weather?")
    talk.say("And now?")
    talk.say("Please cancel it.")
    assert any("A summary" in message.text for message in talk.messages)
    assert talk.reply == "Shall I cancel booking B-17? Please answer yes or no."
    talk.say("yes")
    assert (bookings.found, bookings.cancelled) == (["B-17", "B-17"], ["B-17"])
    assert talk.facts["booking"] == "B-17"


@BOTH
def test_personal_data_is_redacted_before_the_gate_reads_it(place: str) -> None:
    bookings = Bookings()
    look = {"call": "find_booking", "args": {"number": "jane@example.com"}}
    redact = PIIMiddleware("email", strategy="redact", apply_to_input=True)
    talk = bookings.talk(look, {"say": "I see no number."}, **{place: [redact]})
    talk.say("I am jane@example.com.")
    assert bookings.found == []
    assert "[REDACTED_EMAIL]" in talk.messages[0].text


def test_a_tool_is_tried_again_behind_the_gate() -> None:
    bookings = Bookings()
    bookings.failures = 2
    retry = ToolRetryMiddleware(max_retries=2, initial_delay=0.0, jitter=False)
    talk = bookings.talk(FIND, {"say": "Found."}, behind=[retry])
    talk.say("B-17")
    assert (bookings.found, talk.facts) == (["B-17"], {"booking": "B-17"})


def test_a_contract_tries_again_by_itself() -> None:
    bookings = Bookings()
    bookings.failures = 2
    contracts = {"find_booking": {"effect": "read", "gives": {"booking": "number"}, "tries": 3}}
    talk = bookings.talk(FIND, {"say": "Found."}, gate=Gate(contracts))
    talk.say("B-17")
    assert bookings.found == ["B-17"]


@BOTH
def test_another_model_takes_over_from_one_that_fails(place: str) -> None:
    bookings = Bookings()
    fallback = ModelFallbackMiddleware(Script(FIND, {"say": "Found."}))
    talk = bookings.talk({"fail": "down"}, {"fail": "down"}, **{place: [fallback]})
    talk.say("B-17")
    assert (bookings.found, talk.reply) == (["B-17"], "Found.")


@BOTH
def test_a_model_is_asked_again(place: str) -> None:
    retry = ModelRetryMiddleware(max_retries=1, initial_delay=0.0, jitter=False)
    talk = Bookings().talk({"fail": "down"}, {"say": "Hello."}, **{place: [retry]})
    talk.say("hello")
    assert talk.reply == "Hello."


@BOTH
def test_the_limit_of_model_calls_holds(place: str) -> None:
    limit = ModelCallLimitMiddleware(run_limit=1, exit_behavior="end")
    talk = Bookings().talk(FIND, **{place: [limit]})
    talk.say("B-17")
    assert "limit" in talk.reply


@BOTH
def test_the_limit_of_tool_calls_holds(place: str) -> None:
    bookings = Bookings()
    limit = ToolCallLimitMiddleware(tool_name="find_booking", thread_limit=1)
    again = {"call": "find_booking", "args": {"number": "B-18"}}
    talk = bookings.talk(FIND, again, {"say": "That is all."}, **{place: [limit]})
    talk.say("B-17 and B-18")
    assert bookings.found == ["B-17"]


@BOTH
def test_the_to_do_list_is_kept(place: str) -> None:
    todos = [{"content": "find the booking", "status": "pending"}]
    talk = Bookings().talk(
        {"call": "write_todos", "args": {"todos": todos}}, {"say": "Noted."}, **{place: [TodoListMiddleware()]}
    )
    assert talk.say("B-17")["todos"] == todos


@BOTH
def test_old_observations_are_cleared_for_the_engine_and_stay_in_the_history(place: str) -> None:
    clear = ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=1, keep=0, placeholder="[cleared]")])
    talk = Bookings().talk(FIND, {"say": "Found."}, **{place: [clear]})
    talk.say("B-17")
    heard = [message.text for message in talk.script.heard[1] if isinstance(message, ToolMessage)]
    kept = [message.text for message in talk.messages if isinstance(message, ToolMessage)]
    assert "[cleared]" in heard[0]
    assert "jane@example.com" in kept[0]


@BOTH
@pytest.mark.parametrize(("decision", "cancelled"), [("approve", ["B-17"]), ("reject", [])])
def test_a_person_decides_on_what_the_gate_has_let_through(place: str, decision: str, cancelled: list[str]) -> None:
    bookings = Bookings()
    person = HumanInTheLoopMiddleware({"cancel_booking": {"allowed_decisions": ["approve", "edit", "reject"]}})
    talk = bookings.talk(FIND, CANCEL, {"say": "That is that."}, gate=Gate(UNASKED), **{place: [person]})
    assert talk.say("Cancel B-17.")["__interrupt__"]
    config: Any = {"configurable": {"thread_id": talk.thread}}
    talk.agent.invoke(Command(resume={"decisions": [{"type": decision}]}), config)
    assert bookings.cancelled == cancelled


@pytest.mark.parametrize(("place", "cancelled"), [("front", []), ("behind", ["B-99"])])
def test_what_a_person_edits_is_checked_behind_them_and_is_the_last_word_behind_the_gate(
    place: str, cancelled: list[str]
) -> None:
    bookings = Bookings()
    person = HumanInTheLoopMiddleware({"cancel_booking": {"allowed_decisions": ["edit"]}})
    talk = bookings.talk(FIND, CANCEL, {"say": "It was not."}, gate=Gate(UNASKED), **{place: [person]})
    talk.say("Cancel B-17.")
    edited = {"type": "edit", "edited_action": {"name": "cancel_booking", "args": {"number": "B-99"}}}
    talk.agent.invoke(Command(resume={"decisions": [edited]}), {"configurable": {"thread_id": talk.thread}})
    assert bookings.cancelled == cancelled


@BOTH
def test_a_selection_of_tools_narrows_what_the_gate_offers(place: str) -> None:
    class Selector(Script):
        def with_structured_output(self, *args: Any, **kwargs: Any) -> Any:
            from langchain_core.runnables import RunnableLambda

            return RunnableLambda(lambda _: {"tools": ["find_booking"]})

    contracts = {name: {"effect": "read"} for name in CONTRACTS}
    selector = LLMToolSelectorMiddleware(model=Selector(), max_tools=1)
    bookings = Bookings()
    talk = bookings.talk({"say": "Hello."}, gate=Gate(contracts, bookings.tools), **{place: [selector]})
    talk.say("hello")
    assert talk.script.offered == [("find_booking",)]


def test_a_prompt_of_the_moment_stands_before_the_briefing_in_front_of_the_gate() -> None:
    @dynamic_prompt
    def polite(request: Any) -> str:
        return "Be polite."

    talk = Bookings().talk({"say": "Hello."}, front=[polite])
    talk.say("hello")
    assert talk.script.heard[0][0].text.startswith("Be polite.\n\n# Where things stand")


def test_removed_messages_are_gone_for_the_gate_too() -> None:
    @before_model
    def forget(state: Any, runtime: Any) -> dict[str, Any] | None:
        messages = state["messages"]
        users = [message for message in messages if isinstance(message, HumanMessage)]
        return {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), users[-1]]} if len(users) > 1 else None

    bookings = Bookings()
    talk = bookings.talk({"say": "Hello."}, FIND, {"say": "Which?"}, front=[forget])
    talk.say("My booking is B-17.")
    talk.say("Find it.")
    assert bookings.found == []


def test_ours_takes_middlewares_too() -> None:
    bookings = Bookings()
    bookings.failures = 1
    find = Action.from_tool(bookings.tools[0], effect="read", gives={"booking": "number"})
    retry = ToolRetryMiddleware(max_retries=1, initial_delay=0.0, jitter=False)
    agent = create_agent(Script(FIND, {"say": "Found."}), [find], middleware=["gate", retry, TodoListMiddleware()])
    assert agent.invoke({"messages": [AIMessage("Hello!"), HumanMessage("B-17")]})["facts"] == {"booking": "B-17"}


@pytest.mark.parametrize(
    ("middleware", "sentence"),
    [
        (
            [ToolRetryMiddleware(), "gate"],
            "ToolRetryMiddleware stands in front of the gate, which makes an observation of every failure, and would "
            'never see one: put it behind "gate".',
        ),
        (
            [HumanInTheLoopMiddleware({})],
            "HumanInTheLoopMiddleware stands behind the gate, and what a person edits there passes no check: put it in "
            'front of "gate".',
        ),
    ],
)
def test_ours_refuses_a_middleware_on_the_wrong_side(middleware: Any, sentence: str) -> None:
    with pytest.raises(ContractError) as found:
        create_agent(Script(), [], middleware=middleware)
    assert str(found.value) == sentence
