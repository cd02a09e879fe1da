"""Nothing is repeated without end: after the second time the agent says something else and offers a person."""

from __future__ import annotations

import pytest
from attacked_agent import ACTIONS, Till, call, start

from shopbot.tools.action import Call, Observation, action


@pytest.mark.parametrize("times", [4, 7, 12])
def test_the_same_refusal(times: int) -> None:
    talk = start(lambda messages: {"say": "I cannot do gift cards."})
    replies = [talk.reply("just the gift card") for _ in range(times)]
    assert replies[:2] == ["I cannot do gift cards."] * 2
    assert "I cannot do gift cards." not in replies[2:]
    assert all("person" in reply for reply in replies[2:])
    assert len(set(replies[2:])) == times - 2


@pytest.mark.parametrize("replies", [["I cannot do that.", "No."], ["No."]])
def test_the_conversation_is_handed_over_when_that_it_is_stuck_was_said_in_vain(replies: list[str]) -> None:
    opened = []

    @action(effect="write", repeatable=True)
    def fetch_colleague(call: Call[Till]) -> Observation:
        """Hand over."""
        opened.append(call.conversation)
        return Observation("A colleague has it.", answer="Your conversation is with a colleague now, ticket 5.")

    told = iter(replies * 20)
    talk = start(lambda messages: {"say": next(told)}, actions=[*ACTIONS, fetch_colleague], hand_over="fetch_colleague")
    heard = [talk.reply("just the gift card") for _ in range(8)]
    assert sum("ticket 5" in reply for reply in heard) == 1
    assert len(opened) == 1
    assert max(heard.count(reply) for reply in heard) <= 2


def test_what_was_done_in_between_is_told_and_starts_anew() -> None:
    steps = [{"say": "No."}] * 3 + [call("note", amount=5), {"say": "No."}, {"say": "No."}]
    talk = start(*steps)
    heard = [talk.reply(words) for words in ["a", "b", "c", "note 5", "d"]]
    assert (heard[3:], talk.till.paid) == (["No."] * 2, [5])


def test_spacing_and_capitals_make_no_other_refusal() -> None:
    spelled = iter(["I cannot  do that.", "i cannot do that.", "I CANNOT do that.", "I cannot do that.\n"])
    talk = start(lambda messages: {"say": next(spelled)})
    assert "person" in [talk.reply("do it") for _ in range(3)][-1]


def test_something_else_in_between_starts_anew() -> None:
    said = ["No."] * 2 + ["We open at nine.", "At ten on Sundays.", "By bus.", "By train."] + ["No."]
    talk = start(*[{"say": one} for one in said])
    assert [talk.reply("please?") for _ in said] == said
