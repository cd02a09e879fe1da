"""The gate: nothing runs that is not allowed, well formed, grounded and, where it must be, confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from shopbot.prompts import load_data

Start = Callable[..., Any]

READY = [{"call": "take_card", "args": {"card": "77"}}, {"call": "choose_book", "args": {"title": "Emma"}}]


def test_only_actions_whose_needs_hold_are_offered(talk: Start) -> None:
    conversation = talk({"call": "choose_book", "args": {"title": "Emma"}}, {"say": "Noted."})
    conversation.say("I'd like Emma")
    assert "find_shelf" not in conversation.engine.offered[0]
    assert "find_shelf" in conversation.engine.offered[1]
    assert "lend" not in conversation.engine.offered[1]


def test_a_value_that_nobody_said_is_refused_and_never_reaches_the_action(talk: Start) -> None:
    conversation = talk({"call": "take_card", "args": {"card": "99"}}, {"say": "Your card number, please?"})
    state = conversation.say("I want to borrow something")
    assert "card" not in state["facts"]
    assert "nobody has said" in conversation.engine.heard[1][-1].text


def test_a_refused_proposal_does_not_litter_the_history(talk: Start) -> None:
    conversation = talk({"call": "take_card", "args": {"card": "99"}}, {"say": "Your card number, please?"})
    state = conversation.say("hello")
    assert [type(message) for message in state["messages"]] == [HumanMessage, AIMessage]


def test_a_proposal_is_repaired_at_most_twice_and_then_the_customer_is_asked(talk: Start) -> None:
    wrong = {"call": "take_card", "args": {"card": "99"}}
    conversation = talk(wrong, wrong, wrong)
    state = conversation.say("hello")
    assert len(conversation.engine.heard) == 3
    assert [len(messages) - len(conversation.engine.heard[0]) for messages in conversation.engine.heard] == [0, 2, 4]
    assert "card" not in state["facts"]
    assert state["messages"][-1].text == load_data("agent/says.yaml")["lost"]


@pytest.mark.parametrize(
    ("proposal", "complaint"),
    [
        ({"call": "fly"}, "no action fly"),
        ({"call": "lend"}, "not possible yet"),
        ({"call": "take_card", "args": {}}, "do not fit its schema"),
        ({"call": "take_card", "args": {"card": "7", "colour": "red"}}, "do not fit its schema"),
        ({"call": "count_pages", "args": {"pages": "many"}}, "do not fit its schema"),
        ({"malformed": "take_card"}, "not valid JSON"),
        ({"say": "   "}, "empty"),
    ],
)
def test_a_malformed_or_forbidden_proposal_goes_back_with_one_sentence(
    talk: Start, proposal: dict[str, Any], complaint: str
) -> None:
    conversation = talk(proposal, {"say": "How can I help?"})
    state = conversation.say("card 7")
    assert complaint in conversation.engine.heard[1][-1].text
    assert state["messages"][-1].text == "How can I help?"


def test_a_write_waits_for_the_customers_yes(talk: Start) -> None:
    conversation = talk(*READY, {"call": "find_shelf"}, {"call": "lend"})
    state = conversation.say("Emma please, card 77")
    assert conversation.library.lent == []
    assert state["awaiting"] == "confirmation"
    assert state["messages"][-1].text == "Shall I lend you Emma? Please answer yes or no."
    assert not state["messages"][-1].tool_calls


def test_a_clear_yes_lets_the_write_through_once(talk: Start) -> None:
    conversation = talk(*READY, {"call": "find_shelf"}, {"call": "lend"}, {"call": "lend"}, {"say": "Enjoy!"})
    conversation.say("Emma please, card 77")
    state = conversation.say("yes, please")
    assert [book for book, _ in conversation.library.lent] == ["Emma"]
    assert state["awaiting"] is None


@pytest.mark.parametrize("answer", ["no", "yes but not today", "what does it cost?", "hmm", "ignore that and lend it"])
def test_without_a_clear_yes_the_write_does_not_run_whatever_the_engine_proposes(talk: Start, answer: str) -> None:
    conversation = talk(*READY, {"call": "find_shelf"}, {"call": "lend"}, {"call": "lend"})
    conversation.say("Emma please, card 77")
    conversation.say(answer)
    assert conversation.library.lent == []


def test_a_yes_counts_only_right_after_the_question(talk: Start) -> None:
    conversation = talk(*READY, {"call": "find_shelf"}, {"call": "lend"}, {"say": "Nice weather."}, {"call": "lend"})
    conversation.say("Emma please, card 77")
    conversation.say("how is the weather?")
    state = conversation.say("yes")
    assert conversation.library.lent == []
    assert state["awaiting"] == "confirmation"


def test_a_yes_to_one_thing_is_no_yes_to_another(talk: Start) -> None:
    conversation = talk(
        *READY,
        {"call": "find_shelf"},
        {"call": "lend"},
        {"call": "choose_book", "args": {"title": "Dune"}},
        {"call": "find_shelf"},
        {"call": "lend"},
    )
    conversation.say("Emma please, card 77; or Dune")
    state = conversation.say("yes, go ahead with Dune")
    assert conversation.library.lent == []
    assert "Dune" in state["messages"][-1].text


def test_changing_a_fact_withdraws_what_was_derived_from_it(talk: Start) -> None:
    conversation = talk(
        READY[1],
        {"call": "find_shelf"},
        {"say": "Found."},
        {"call": "choose_book", "args": {"title": "Dune"}},
        {"say": "Dune then."},
    )
    assert conversation.say("Emma")["facts"]["shelf"] == "shelf of Emma"
    assert "shelf" not in conversation.say("Dune instead")["facts"]


def test_an_action_that_raises_is_an_observation_without_its_details(talk: Start) -> None:
    conversation = talk({"call": "burn"}, {"say": "That failed; shall we try again?"})
    state = conversation.say("burn it")
    observed = next(message for message in state["messages"] if isinstance(message, ToolMessage))
    assert observed.status == "error"
    assert "secret" not in observed.text
    assert state["messages"][-1].text.startswith("That failed")


def test_an_engine_that_fails_does_not_end_the_conversation(talk: Start) -> None:
    conversation = talk({"fail": "on fire"}, {"say": "Here again."})
    assert "Nothing was lost" in conversation.say("hello")["messages"][-1].text
    assert conversation.say("hello?")["messages"][-1].text == "Here again."


def test_the_same_call_is_not_made_twice_in_a_turn(talk: Start) -> None:
    conversation = talk(READY[1], {"call": "find_shelf"}, {"call": "find_shelf"}, {"say": "Shelf 7."})
    conversation.say("Emma")
    assert conversation.library.looked_up == ["Emma"]
    assert "already called" in conversation.engine.heard[3][-1].text


def test_independent_calls_in_one_message_act_together(talk: Start) -> None:
    conversation = talk({"calls": READY}, {"say": "Both noted."})
    assert {"card", "book"} <= set(conversation.say("Emma, card 77")["facts"])


def test_of_dependent_calls_in_one_message_only_the_leading_ones_act(talk: Start) -> None:
    dependent = [READY[1], {"call": "choose_book", "args": {"title": "Dune"}}]
    conversation = talk({"calls": dependent}, {"say": "Emma it is."})
    assert conversation.say("Emma or Dune")["facts"]["book"] == "Emma"


def test_a_turn_that_never_ends_is_ended(talk: Start) -> None:
    endless = [{"call": "count_pages", "args": {"pages": n, "title": str(n)}} for n in range(1, 40)]
    conversation = talk(*endless)
    state = conversation.say(", ".join(str(n) for n in range(1, 40)))
    assert state["messages"][-1].text
    assert len(conversation.engine.heard) == 24


def test_the_plan_is_in_the_state_and_ticked_when_the_goal_is_reached(talk: Start) -> None:
    conversation = talk(
        {"call": "pursue", "args": {"goal": "lend"}},
        *READY,
        {"call": "find_shelf"},
        {"call": "lend"},
        {"call": "lend"},
        {"say": "Done."},
    )
    halfway = conversation.say("lend me Emma, card 77")
    assert [step["done"] for step in halfway["plan"]] == [True, True, True, False]
    finished = conversation.say("yes")
    assert all(step["done"] for step in finished["plan"])
    assert "goals" not in finished["facts"]


def test_what_is_missing_is_what_the_agent_awaits(talk: Start) -> None:
    conversation = talk({"call": "pursue", "args": {"goal": "lend"}}, {"say": "Which card?"})
    assert conversation.say("lend me a book")["awaiting"] == "card"


def test_the_schema_that_a_model_sees_forbids_extra_fields() -> None:
    from langchain_core.utils.function_calling import convert_to_openai_tool
    from lending_library import take_card

    from shopbot.agents.tool_calls import as_tool

    schema = convert_to_openai_tool(as_tool(take_card))["function"]["parameters"]
    assert schema["additionalProperties"] is False
