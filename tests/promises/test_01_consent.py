"""Only a clear yes to the question writes, whatever agreeing words a message is made of."""

from __future__ import annotations

import random

import pytest
from attacked_agent import call, start

from shopbot.prompts import load_data
from shopbot.prompts.utterances import Utterances

DOUBTS = [
    "I'm not at all sure",
    "is that correct",
    "Do I need to confirm",
    "Let me make sure that is correct",
    "I'll do it soon",
    "no worries, all good",
    "nope that's it, all good, thanks",
]
SPOILERS = ["if", "not", "but", "would", "my wife", "tomorrow", "5", "?", "nein", "he said"]


def agreeing(number: int) -> list[str]:
    """Agreeing utterances out of the grammar in use, the same ones every time."""
    slots = load_data("words/consent.yaml")["slots"]
    found = sorted(Utterances(["{definite}", "{go}", "{agreeing}", "{accepting}"], slots).utterances(3))
    return random.Random(1).sample(found, number)


@pytest.mark.parametrize("words", DOUBTS)
def test_a_doubt_writes_nothing(words: str) -> None:
    talk = start(lambda messages: call("pay", amount=5))
    talk.say("please pay")
    talk.say(words)
    assert talk.till.paid == []


def test_one_word_more_or_a_quotation_writes_nothing() -> None:
    talk = start(lambda messages: call("pay", amount=5))
    for place, yes in enumerate(agreeing(20)):
        thread, spoiler = str(place), SPOILERS[place % len(SPOILERS)]
        talk.say("please pay", thread)
        for words in (f"{yes} {spoiler}", f"{spoiler} {yes}", f'"{yes}"', f"did I say {yes}"):
            talk.say(words, thread)
    assert talk.till.paid == []


def test_a_yes_to_one_sum_pays_no_other() -> None:
    talk = start(call("pay", amount=5), call("pay", amount=500), call("pay", amount=500), {"say": "Paid."})
    talk.say("please pay")
    assert "500" in talk.reply("yes")
    assert talk.till.paid == []
    talk.say("yes")
    assert talk.till.paid == [500]


def test_the_yes_of_one_conversation_is_not_that_of_another() -> None:
    talk = start(lambda messages: call("pay", amount=5))
    talk.say("please pay", "mine")
    talk.say("yes", "yours")
    assert talk.till.paid == []
