"""Follow-up questions to the embedded planner are asked together with the question that they lean on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_shopbot
from shopbot.agents.turn import Turn, read_turn
from shopbot.engines import make_engine
from shopbot.engines.shopbot.understanding import leans
from shopbot.tools.shop.services import ShopServices

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("follow_ups.yaml").read_text("utf-8"))
FIRST = "How long do I have to return something?"


class Talk:
    """A conversation with the embedded planner."""

    def __init__(self, desk: ShopServices) -> None:
        self.agent = create_shopbot(make_engine("planner"), desk=desk, checkpointer=InMemorySaver())

    def say(self, words: str, thread: str = "t") -> Turn:
        """What came of one message."""
        config: Any = {"configurable": {"thread_id": thread}}
        return read_turn(self.agent.invoke({"messages": [("user", words)]}, config))


def question(turn: Turn) -> str | None:
    """What the documents were asked, if they were."""
    return next((taken.args["question"] for taken in turn.actions if taken.name == "search_policies"), None)


def found(desk: ShopServices, asked: str | None, sections: list[str]) -> bool:
    """Whether one of the three best passages is a right one."""
    return bool(asked and {passage.key for passage in desk.policies.search(asked, 3)} & set(sections))


@pytest.mark.parametrize(("split", "least"), [("leaning", 18), ("fresh", 15)])
def test_follow_ups_find_their_section_and_fewer_do_by_themselves(desk: ShopServices, split: str, least: int) -> None:
    # Measured: 22 of 26 and 18 of 21; by themselves 10 and 13.
    talk, hits, alone = Talk(desk), 0, 0
    for number, case in enumerate(CASES[split]):
        talk.say(case["first"], f"{number}")
        hits += found(desk, question(talk.say(case["then"], f"{number}")), case["sections"])
        alone += found(desk, question(talk.say(case["then"], f"{number} alone")), case["sections"])
    assert hits >= least
    assert hits > alone


@pytest.mark.parametrize("case", CASES["standing"], ids=lambda case: case["then"])
def test_a_question_that_leans_on_nothing_is_searched_as_it_is(desk: ShopServices, case: dict[str, Any]) -> None:
    talk = Talk(desk)
    talk.say(case["first"])
    assert question(talk.say(case["then"])) in (case["then"], None)


def test_a_follow_up_of_a_follow_up_leans_on_the_first_question(desk: ShopServices) -> None:
    talk = Talk(desk)
    talk.say(FIRST)
    talk.say("and for shoes?")
    assert question(talk.say("and for electronics?")) == "and for electronics? (long return)"


def test_a_follow_up_leans_only_on_the_turn_right_before(desk: ShopServices) -> None:
    talk = Talk(desk)
    talk.say(FIRST)
    talk.say("thank you!")
    # Whether it is looked up at all is the reader's business; it leans on nothing.
    assert question(talk.say("what about headphones?")) in ("what about headphones?", None)


def test_naming_an_item_during_a_return_is_no_follow_up(desk: ShopServices) -> None:
    talk = Talk(desk)
    for words in ("I want to return something", "order 123456", "maria.lopez@example.com"):
        talk.say(words)
    assert question(talk.say(FIRST)) == FIRST
    turn = talk.say("the jeans")
    assert question(turn) is None
    assert "choose_items" in [taken.name for taken in turn.actions]


@pytest.mark.parametrize("message", ["and for shoes?", "What if it doesn’t arrive?", "do they expire?", "hats too?"])
def test_what_leans_on_something_is_seen(message: str) -> None:
    assert leans(message)


@pytest.mark.parametrize("message", ["How do I delete my account?", "And by the way, do you price match?"])
def test_what_stands_alone_is_seen(message: str) -> None:
    assert not leans(message)


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (
            "How long does shipping to Canada take? And can I pay by PayPal?",
            ["international#international-delivery-costs-and-times", "payment#payment-methods"],
        ),
        ("Is there a restocking fee? Does it count for sale items?", ["returns#refund-amount"]),
        # The planner takes this for none of the shop's business.
        ("do you price match amazon?", ["price-match#match-a-competitors-price"]),
    ],
)
def test_each_question_of_a_message_is_answered_that_the_documents_know(
    desk: ShopServices, words: str, keys: list[str]
) -> None:
    turn = Talk(desk).say(words)
    assert [taken.name for taken in turn.actions] == ["search_policies"] * len(keys)
    assert all(f"[{key}]" in turn.reply for key in keys)


def test_what_the_documents_do_not_know_and_is_none_of_the_shops_business_is_turned_down(desk: ShopServices) -> None:
    assert "outside what I can help with" in Talk(desk).say("Will it be sunny in Madrid tomorrow?").reply


def test_a_corrected_order_number_is_said_back_each_time(desk: ShopServices) -> None:
    talk = Talk(desk)
    said = ("I want to return something", "654321", "sorry, 654312", "no, 123456")
    replies = [talk.say(words).reply for words in said]
    assert ["instead" in reply for reply in replies] == [False, False, True, True]
    assert "order 123456 instead" in replies[-1]
    assert all("order number" in reply or "e-mail address" in reply for reply in replies)
