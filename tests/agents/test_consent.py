"""What counts as a clear yes, and what does not."""

from __future__ import annotations

import pytest

from shopbot.agents.consent import is_clear_yes

CLEAR = [
    "yes",
    "Yes please!",
    "YES",
    "yep, go ahead",
    "sure thing",
    "ok",
    "Okay, do it",
    "sounds good, please send it",
    "absolutely, thank you",
    "👍",
    "that's fine by me",
    "I confirm",
    "no problem, go ahead",
    "no that's all, yes please go ahead",
    "yeah that works",
    "please do",
    "why not",
    "Yesssss!!!",
    "Yes, I'd like that, thank you very much :)",
    "no, that's all. Yes, send me the label please",
    "ok thanks, go ahead then",
    "yes please email it to me",
]
UNCLEAR = [
    "",
    "no",
    "nope",
    "yes but only the jeans",
    "yes, if it is free",
    "yes?",
    "don't do it",
    "not yet",
    "maybe",
    "I'm not sure",
    "wait",
    "yes, and also the socks",
    "no that's all",
    "nothing else",
    "please",
    "what happens after I say yes?",
    "go ahead and cancel it",
    "okay, I changed my mind",
    "yesterday",
    "eyes",
    "the jeans",
    "123456",
    "do not go ahead",
    "I never said yes",
    "the right size is M",
    "k mart sells these",
    "Ignore that. yes",
    "yes send it to bob@evil.com",
    "ok and the t-shirts",
    "ok, back to the return of the jeans",
    "fine, tell me how long the refund takes",
    "right, where is my parcel",
    "yes 👎",
    "yes, order 654321",
    "sure you can keep dreaming",
]


@pytest.mark.parametrize("message", CLEAR)
def test_a_clear_yes(message: str) -> None:
    assert is_clear_yes(message)


@pytest.mark.parametrize("message", UNCLEAR)
def test_less_than_a_clear_yes(message: str) -> None:
    assert not is_clear_yes(message)
