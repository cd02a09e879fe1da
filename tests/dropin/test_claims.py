"""What a reply says was done is looked up among what was done."""

from __future__ import annotations

from typing import Any

import pytest
from bookings import CANCEL, FIND, Bookings
from langchain.agents import create_agent
from langchain.agents.middleware import before_model
from langchain_core.messages import HumanMessage, RemoveMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.message import REMOVE_ALL_MESSAGES

from shopbot.agents import Gate
from shopbot.agents.claims import claims_in
from shopbot.agents.support import Deed, unsupported
from shopbot.testing import Conversation, Script
from shopbot.tools import Action

NAMES = ("find_booking", "cancel_booking", "send_receipt")
WRITES = ("cancel_booking", "send_receipt")
FOUND = [Deed("find_booking", "{}", text) for text in ('["ORD-77", "BK-1234"]', '["ORD-78", "BK-4321"]')]
CLAIM = {"say": "I've cancelled your booking B-17."}
SAYS_SO = [
    "I stopped it.",
    "I've paused the subscription.",
    "I've cancelled it.",
    "Your booking B-17 has now been cancelled.",
    "The refund is on its way.",
    "I went ahead and cancelled it for you.",
    "Successfully cancelled booking B-17.",
    "Cancelled!",
    "Your booking on May 17 was cancelled.",
    "I can confirm that your booking has been cancelled.",
    "You have been unsubscribed.",
    "I've cancelled your booking, is there anything else?",
    "I've e-mailed you the receipt.",
    "The seat you booked has been cancelled.",
    "Your booking was cancelled on your request.",
    "Refund issued: $50",
    "I've taken care of the refund.",
    "I've gone ahead with the refund.",
    "I did refund it.",
    "Your refund is confirmed.",
    "I’ve rebooked you on the 9 am train.",
    "Your refund is being processed!",
    "You are now being transferred to a colleague.",
]
SAYS_NOTHING_OF_IT = [
    "I stopped.",
    "We have started!",
    "Shall I cancel it?",
    "I can cancel it.",
    "If it was cancelled, you are refunded.",
    "Once it has been cancelled you will hear from us.",
    "It has not been cancelled.",
    "Bookings can be cancelled within a day.",
    "Refunds are issued to the card that paid.",
    "It was booked more than 24 hours ago.",
    "The flight was cancelled by the airline.",
    "The flight was cancelled by Lufthansa.",
    "Your bank has reversed the charge.",
    "The booking window has closed.",
    "I've added up the prices: 20 + 30 = 50.",
    "I've updated my answer.",
    "Have I cancelled it, or is it still there?",
    "You have asked for the wrong one.",
    "I've found your booking and checked its terms.",
    "Your booking has been delayed.",
]


@pytest.mark.parametrize("words", SAYS_SO)
def test_what_says_that_something_was_done_is_a_claim(words: str) -> None:
    assert claims_in(words)


@pytest.mark.parametrize("words", SAYS_NOTHING_OF_IT)
def test_an_offer_a_condition_a_denial_and_a_record_are_none(words: str) -> None:
    assert claims_in(words) == []


@pytest.mark.parametrize(
    ("words", "deeds", "holds"),
    [
        ("I've cancelled it.", [], False),
        ("I've cancelled it.", [Deed("cancel_booking", '{"number": "B-17"}', "")], True),
        ("I've cancelled it.", [Deed("send_receipt", "{}", "")], False),
        ("I've cancelled it.", [Deed("find_booking", "{}", '{"status": "cancelled"}')], False),
        ("It has been cancelled.", [Deed("find_booking", "{}", '{"status": "cancelled"}')], True),
        ("It has been cancelled.", [Deed("find_booking", "{}", "Some bookings are cancelled too late.")], False),
        ("BK-1234 is cancelled.", [Deed("cancel_booking", '{"number": "BK-1235"}', "")], False),
        ("BK-1234 is cancelled.", [Deed("cancel_booking", '{"number": "BK-1234"}', "")], True),
        ("I've paused your subscription.", [Deed("send_receipt", '{"text": "hello"}', "")], False),
        ("I've paused it.", [Deed("send_receipt", "{}", "It is paused, and here is the receipt.")], True),
        ("It has been returned.", [Deed("check_return", "{}", "possible")], False),
        ("BK-1234 and BK-9999 are cancelled.", [Deed("cancel_booking", '{"number": "BK-1234"}', "")], False),
        ("I've cancelled it for $500.", [Deed("cancel_booking", '{"fee": 5}', "")], False),
        ("I've cancelled it for $5.", [Deed("cancel_booking", '{"fee": 5}', "")], True),
        ("I've cancelled it and sent the receipt.", [Deed("cancel_booking", "{}", "")], False),
        ("Your order is on its way.", [Deed("find_booking", "{}", '{"status": "shipped"}')], True),
        ("Your order is on its way.", [Deed("find_booking", "{}", '{"status": "paid"}')], False),
        ("Your refund is on its way.", [Deed("find_booking", "{}", '{"status": "shipped"}')], False),
        ("All done.", [Deed("find_booking", "{}", "")], False),
        ("All done.", [Deed("send_receipt", "{}", "")], True),
        ("I've cancelled order ORD-77.", [*FOUND, Deed("cancel_booking", '{"number": "BK-1234"}', "")], True),
        ("I've cancelled order ORD-78.", [*FOUND, Deed("cancel_booking", '{"number": "BK-1234"}', "")], False),
        (
            "Your seat has been paused.",
            [Deed("send_receipt", '{"text": "They would like their seat paused soon"}', "")],
            False,
        ),
    ],
)
def test_a_claim_holds_when_that_was_done_to_that_thing(words: str, deeds: list[Deed], holds: bool) -> None:
    assert (unsupported(claims_in(words), NAMES, WRITES, deeds) == []) == holds


def test_what_another_action_is_clearly_more_like_was_not_done_by_this_one() -> None:
    names = (*NAMES, "update_booking")
    cancelled = [Deed("cancel_booking", "{}", '{"booking": "BK-1234"}')]
    assert unsupported(claims_in("Your booking has been upgraded."), names, names[1:], cancelled)


@pytest.mark.parametrize(
    ("asked", "writes", "holds"),
    [
        ("Play some jazz, please.", WRITES, True),
        ("Cancel my booking and play some jazz.", WRITES, False),
        ("Please do something about it.", WRITES, False),
        ("Please do something about it.", (), True),
    ],
)
def test_done_may_tell_of_a_read_that_was_all_there_was_to_do(asked: str, writes: tuple[str, ...], holds: bool) -> None:
    played = [Deed("play_music", "{}", "playing")]
    assert (unsupported(claims_in("Done."), (*NAMES, "play_music"), writes, played, asked=asked) == []) == holds


def test_a_false_claim_goes_back_to_the_engine() -> None:
    talk = Bookings().talk(FIND, {"say": "I've cancelled your booking."}, {"say": "I have found it."})
    talk.say("Please cancel my booking B-17.")
    assert talk.reply == "I have found it."


def test_what_was_not_done_is_said_in_the_end() -> None:
    talk = Bookings().talk(FIND, *[{"say": "I've cancelled your booking."}] * 3)
    talk.say("Please cancel my booking B-17.")
    assert talk.reply.startswith("To be clear: nothing has been changed or sent in this step.")


def test_words_beside_a_call_claim_nothing_before_it_has_run() -> None:
    talk = Bookings().talk({**FIND, "say": "I've cancelled it."}, {"say": "I have found it."})
    said = talk.say("My booking is B-17.")["messages"]
    assert not any("cancelled" in message.text for message in said)


def test_a_write_that_failed_supports_nothing() -> None:
    @tool
    def cancel_booking(number: str) -> str:
        """Cancel a booking."""
        raise ConnectionError(number)

    script = Script(CANCEL, {"say": "It is cancelled."}, {"say": "That went wrong."})
    gate = Gate([Action.from_tool(cancel_booking, effect="write")])
    talk = Conversation(create_agent(script, [cancel_booking], middleware=[gate], checkpointer=InMemorySaver()))
    talk.say("Please cancel my booking B-17.")
    assert talk.reply == "That went wrong."


def test_what_was_done_is_known_when_its_messages_are_gone() -> None:
    @before_model
    def forget(state: Any, runtime: Any) -> dict[str, Any] | None:
        kept = [message for message in state["messages"] if isinstance(message, HumanMessage)][-1:]
        return {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), *kept]} if len(state["messages"]) > 6 else None

    talk = Bookings().talk(FIND, CANCEL, CANCEL, {"say": "It is cancelled."}, *[CLAIM] * 2, front=[forget])
    for words in ("Please cancel my booking B-17.", "yes", "Is it?", "Sure?"):
        talk.say(words)
    assert not any(isinstance(message, ToolMessage) for message in talk.messages)
    assert talk.reply == CLAIM["say"]
