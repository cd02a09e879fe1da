"""What an engine says of passages is checked before anyone hears it: citations, quotes, numbers, every statement."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from answering_desk import DOCUMENTS, REFUNDS, UNKNOWN, WINDOW, AnsweringDesk, find, observed, say
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

ASK = find("until when may items be returned?")
GOOD = f"You have 30 days [{WINDOW}]. Anything else?"
SAFE = f"{DOCUMENTS[WINDOW]} [{WINDOW}]"


def test_an_answer_that_cites_what_was_retrieved_is_sent_as_it_is() -> None:
    desk = AnsweringDesk(ASK, say(GOOD))
    assert desk.say("until when may items be returned?") == GOOD
    assert len(desk.engine.heard) == 2


@pytest.mark.parametrize(
    ("draft", "complaint"),
    [
        ("You have 90 days [returns#forever].", "[returns#forever] is not among the retrieved passages"),
        ("You have 30 days [returns＃window].", "is not among the retrieved passages"),
        ("You have 30 days [rеturns#window].", "is not among the retrieved passages"),
        ("You have 30 days [other-shop/returns#window].", "is not among the retrieved passages"),
        (f'It says "within 60 days of delivery" [{WINDOW}].', "does not stand in [returns#window]"),
        (f"You have 60 days [{WINDOW}].", "says 60, which does not stand in [returns#window]"),
        (f"You have 30 days [{WINDOW}]. Shoes are always free.", '"Shoes are always free." cites no passage'),
        ("Yes, that is fine.", "cites no passage"),
        ("Sure, no problem. Yes.", "no answer by itself"),
    ],
)
def test_a_fault_goes_back_to_the_engine_with_its_sentence_and_the_draft(draft: str, complaint: str) -> None:
    desk = AnsweringDesk(ASK, say(draft), say(GOOD))
    assert desk.say("until when may items be returned?") == GOOD
    assert complaint in desk.told
    assert desk.engine.heard[-1][-2].text == draft


def test_a_refused_draft_does_not_stay_in_the_history() -> None:
    state = AnsweringDesk(ASK, say("90 days [a#b]."), say(GOOD)).state("until when may items be returned?")
    assert "90 days" not in str(state["messages"])


def test_an_answer_that_cannot_be_repaired_is_replaced_by_the_extractive_one() -> None:
    wrong = say("You have 90 days [returns#forever].")
    desk = AnsweringDesk(ASK, wrong, wrong, wrong)
    assert desk.say("until when may items be returned?") == SAFE
    assert len(desk.engine.heard) == 4


def test_repairs_are_as_many_as_the_rules_allow() -> None:
    desk = AnsweringDesk(ASK, say("Always [a#b]."), repairs=0)
    assert desk.say("until when may items be returned?") == SAFE


def test_where_nothing_was_found_an_answer_from_memory_is_refused_and_its_admission_offered() -> None:
    made_up = say("Dogs are welcome on a leash.")
    desk = AnsweringDesk(find("dogs?"), made_up, made_up, made_up)
    assert desk.say("may I bring a dog?") == UNKNOWN
    assert "Nothing was found" in desk.engine.heard[1][-1].text


def test_an_admission_in_the_engines_own_words_is_sent() -> None:
    admission = "I'm sorry, our documents do not mention dogs. If you like, I can hand you to a person."
    assert AnsweringDesk(find("dogs?"), say(admission)).say("may I bring a dog?") == admission


def test_the_engine_reads_how_to_answer_outside_of_the_data() -> None:
    desk = AnsweringDesk(ASK, say(GOOD), say("You're welcome!"))
    desk.say("until when may items be returned?")
    data, _, rest = desk.told.partition("</data>")
    assert DOCUMENTS[WINDOW] in data
    assert "in square brackets" in rest
    desk.say("thanks")
    assert not any("in square brackets" in message.text for message in desk.engine.heard[-1])


def test_a_key_forged_inside_a_passage_is_no_citation() -> None:
    free = "Everything is free for 999 days [returns#free]."
    desk = AnsweringDesk(find("what does parking cost?"), say(free), say("It is 4 dollars an hour [visits#parking]."))
    assert desk.say("what does parking cost?") == "It is 4 dollars an hour [visits#parking]."
    assert "[returns#free] is not among the retrieved passages" in desk.told


@pytest.mark.parametrize(
    "small_talk",
    [
        "Hello! How can I help?",
        "See [1] and [order].",
        "Shipping is always free.",
        'Emma says: "it is a truth universally acknowledged".',
    ],
)
def test_a_reply_in_a_turn_without_passages_is_left_alone(small_talk: str) -> None:
    assert AnsweringDesk(say(small_talk)).say("hi") == small_talk


def test_a_key_that_was_never_retrieved_is_refused_in_any_turn() -> None:
    desk = AnsweringDesk(say("You have 30 days [returns#window]."), say("Shall I look that up?"))
    assert desk.say("until when?") == "Shall I look that up?"
    assert "nothing was retrieved, so cite nothing" in desk.told


def test_a_passage_of_an_earlier_turn_may_be_cited_again() -> None:
    desk = AnsweringDesk(ASK, say(GOOD), say(f'As I said, "within 30 days of delivery" [{WINDOW}].'))
    desk.say("until when may items be returned?")
    assert desk.say("sorry, how long?").startswith("As I said")


def test_a_quote_of_an_earlier_passage_is_still_checked() -> None:
    again = say(f'As I said, "within 31 days of delivery" [{WINDOW}].')
    desk = AnsweringDesk(ASK, say(GOOD), again, say("Shall I look again?"))
    desk.say("until when may items be returned?")
    assert desk.say("sorry, how long?") == "Shall I look again?"


def test_the_key_of_another_conversation_is_refused() -> None:
    desk = AnsweringDesk(ASK, say(GOOD), say(f"You have 30 days [{WINDOW}]."), say("Shall I look that up?"))
    desk.say("until when may items be returned?", thread="one")
    assert desk.say("until when?", thread="two") == "Shall I look that up?"


def test_the_key_of_another_tenant_is_refused() -> None:
    memory = InMemorySaver()
    AnsweringDesk(ASK, say(GOOD), checkpointer=memory).say("until when may items be returned?", thread="tenant-a")
    own = {"shop-b#window": "Items of shop B can be returned within 8 days."}
    desk = AnsweringDesk(ASK, say(GOOD), say("You have 8 days [shop-b#window]."), texts=own, checkpointer=memory)
    assert desk.say("until when may items be returned?", thread="tenant-b") == "You have 8 days [shop-b#window]."
    assert "cite one of [shop-b#window]" in desk.told


def test_passages_that_only_back_a_reply_do_not_make_every_statement_cite() -> None:
    reply = f"These came too late [{WINDOW}]. The hat could still come back."
    assert AnsweringDesk({"call": "read_rule"}, say(reply)).say("can it come back?") == reply


def test_what_another_action_observed_needs_no_citation() -> None:
    steps = [{"call": "take_name", "args": {"name": "Ada"}}, ASK]
    reply = f"The badge for Ada is ready at gate B. You have 30 days [{WINDOW}]."
    assert AnsweringDesk(*steps, say(reply)).say("I'm Ada; until when may items be returned?") == reply


def test_words_beside_a_question_to_confirm_are_checked_too() -> None:
    steps = [{"call": "take_name", "args": {"name": "Ada"}}, ASK]
    wrong = {"say": "You have 90 days [returns#forever].", "call": "print_badge"}
    reply = AnsweringDesk(*steps, wrong).say("I'm Ada; until when may items be returned?")
    assert reply == f"{SAFE}\n\nPrint Ada's badge?"


def test_words_beside_a_call_are_dropped_when_they_cite_what_nobody_retrieved() -> None:
    aside = {"say": "It is 90 days [returns#forever].", **ASK}
    state = AnsweringDesk(aside, say(GOOD)).state("until when may items be returned?")
    assert "returns#forever" not in str(state["messages"])


def test_the_fallback_asks_for_what_the_plan_waits_for() -> None:
    wrong = say("You have 90 days [returns#forever].")
    desk = AnsweringDesk({"call": "pursue", "args": {"goal": "print_badge"}}, ASK, wrong, wrong, wrong)
    state = desk.state("a badge please; and until when may items be returned?")
    assert state["messages"][-1].text.startswith(SAFE)
    assert "I need one thing from you: name." in state["messages"][-1].text
    assert state["awaiting"] == "name"


class Summary(BaseModel):
    """A summary."""

    text: str


def test_a_structured_result_may_cite_only_what_was_retrieved() -> None:
    forged = {"call": "give_result", "args": {"text": "90 days [returns#forever]"}}
    sound = {"call": "give_result", "args": {"text": f"30 days [{WINDOW}]"}}
    desk = AnsweringDesk(ASK, forged, sound, result=Summary)
    assert desk.state("until when may items be returned?")["structured_response"] == Summary(text=f"30 days [{WINDOW}]")
    assert "is not among the retrieved passages" in desk.told


def test_the_async_path_checks_as_well() -> None:
    desk = AnsweringDesk(ASK, say(f"You have 60 days [{WINDOW}]."), say(GOOD))
    question: Any = {"messages": [HumanMessage("until when may items be returned?")]}
    state = asyncio.run(desk.agent.ainvoke(question, {"configurable": {"thread_id": "t"}}))
    assert state["messages"][-1].text == GOOD
    assert observed(state)


def test_two_searches_in_one_turn_may_both_be_cited() -> None:
    reply = f"You have 30 days [{WINDOW}]. The refund comes within 7 business days [{REFUNDS}]."
    desk = AnsweringDesk(ASK, find("when is the refund issued?"), say(reply))
    assert desk.say("until when may items be returned, and when is the refund issued?") == reply
