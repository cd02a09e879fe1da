"""What the encoder reads of a context, and how remarks are recognised as actions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.learned.features import Layout, compose, describe, flatten
from shopbot.engines.learned.replies import Replies
from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import Trace, write_action

SAYINGS = TfidfIndex([("May I have your name, please?", "ask_name"), ("When do you arrive?", "ask_date")])


def test_a_remark_in_other_words_is_the_action_that_it_is_most_like() -> None:
    nearest = SAYINGS.nearest("Could I have your name?")
    assert nearest is not None
    assert nearest[0] == "ask_name"
    assert SAYINGS.nearest("Bananas!") is None
    assert SAYINGS.nearest("") is None
    assert TfidfIndex([]).nearest("anything") is None


def test_the_same_remark_is_wholly_alike() -> None:
    nearest = SAYINGS.nearest("when do you ARRIVE")
    assert nearest is not None
    assert nearest[0] == "ask_date"
    assert abs(nearest[1] - 1.0) < 1e-9


def test_sayings_survive_json() -> None:
    assert TfidfIndex.from_json(SAYINGS.as_json()).entries == SAYINGS.entries


def test_collecting_keeps_the_most_frequent_wordings() -> None:
    pairs = [("hello there", "hi"), ("hello there", "hi"), ("good day", "hi"), ("so long", "bye"), ("123", "bye")]
    assert TfidfIndex.collect(pairs, most=1).entries == (("so long", "bye"), ("hello there", "hi"))


def test_the_first_segment_says_what_was_done_and_the_second_what_was_said_of_late() -> None:
    context = [
        ("User", "A room please"),
        ("Agent", "May I have your name, please?"),
        ("User", "Ben"),
        ("Agent", write_action("find_room", {"guestName": "Ben"})),
        ("Observation", '{"Message": "none left", "rooms": []}'),
    ]
    first, second = compose(context, SAYINGS, Layout())
    assert first == "after observation turn 2 done: ask name, find room"
    assert second == (
        "user: A room please agent: ask name user: Ben "
        "agent: find room (guest name) observation: message none left; rooms 0 entries"
    )


def test_what_was_done_twice_is_counted() -> None:
    look = ("Agent", write_action("look", {}))
    assert compose([look, look], SAYINGS, Layout())[0] == "after agent turn 0 done: look x2"


def test_an_observation_loses_its_punctuation_and_keeps_its_words() -> None:
    assert flatten('{"isOpen": true, "name": "Inn"}') == "is open True; name Inn"
    assert flatten('{"steps": ["left", "right"]}') == "steps 2 entries left"
    assert flatten("[1, 2]") == "[1, 2]"
    assert flatten("all is well") == "all is well"


@given(text=st.text(), speaker=st.sampled_from(["User", "Agent", "Observation"]))
def test_no_text_is_too_strange_to_be_read(text: str, speaker: str) -> None:
    first, second = compose([(speaker, text)], SAYINGS, Layout())
    assert first.startswith("after")
    assert second


def test_an_action_is_described_by_its_name_and_words() -> None:
    assert describe("findRoom", "Find a room.") == "find room: Find a room."
    assert describe("find_room", "") == "find room"


def test_a_reply_is_the_one_of_the_most_similar_situation_with_the_observation_of_the_moment() -> None:
    def replied(said: str, observation: str, reply: str) -> Trace:
        context = (("User", said), ("Agent", write_action("find", {})), ("Observation", observation))
        return Trace("c", 1, context, (), None, reply=reply)  # type: ignore[arg-type]

    replies = Replies.collect([replied("is it there", "Emma is there", "Good news: Emma is there.")])
    again = Replies.read(replies.as_json())
    context = [("User", "is it there"), ("Agent", write_action("find", {})), ("Observation", "Kim is there")]
    assert again.reply(context) == "Good news: Kim is there."
    assert Replies.collect([]).reply(context) == "Kim is there"
    assert Replies.collect([]).reply([("User", "hello")]) == ""
