"""Answers that say again what was asked are a yes; those that say anything else are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.agents.consent import is_clear_yes
from shopbot.prompts.consent import Answer, read_answer
from tests.agents.consent_cases import AGREEING, ASKED, KINDS, some_cases

CANCEL = (
    "I would cancel order #W12345 (desk lamp, $20.50) because it is no longer needed, and refund it to your PayPal "
    "account. If that is correct, shall I go ahead? Please answer yes or no, and say if anything should change."
)
LISTED = (
    "From order 100 I would arrange a return of:\n- 1 × Jeans: $59\n- 2 × Wool socks: $19\nShall I request the label?"
)


@pytest.mark.parametrize(
    "message",
    [
        "Yes, please cancel order #W12345.",
        "Yes, please cancel the desk lamp and refund it to my PayPal account. Thank you so much for your help!",
        "That's correct. Please go ahead with the cancellation.",
        "Yes, I'd like to proceed with cancelling the order, it's no longer needed.",
        "Yes, I confirm the refund of $20.50. That's the only thing I wanted to do today.",
        "Hey, that looks good! Yes, please proceed. Let me know once it's done.",
        "Yes, I agree, and I understand no changes can be made after this.",
        "Yes, reimburse it to my PayPal account. Let me know what comes after that.",
        "Let's get this moving, confirm it already. Yes.",
        "Yes, please proceed with the small refund. I'm in a hurry, so let's move on to the next thing.",
        "Hey, thanks for checking! Please make that change.",
    ],
)
def test_a_yes_that_repeats_the_question_is_a_yes(message: str) -> None:
    assert read_answer(message, asked=CANCEL) is Answer.YES


@pytest.mark.parametrize(
    "message",
    [
        "Please let me know how much it is.",
        "Thank you for the details.",
        "The desk lamp is no longer needed.",
        "Yes, cancel order #W54321.",
        "Yes, but refund it to my gift card.",
        "Yes, cancel the blue desk lamp.",
        "Yes, cancel the small desk lamp.",
        "Yes, exchange the desk lamp.",
        "Let's move on to the next thing.",
        "Yes, refund $25.50 to my PayPal account.",
        "Yes, if the refund is $20.50.",
        "Yes, cancel it tomorrow.",
        "Yes. Is the refund to PayPal?",
        "yes is that to my PayPal account",
        "Yes, are they no longer needed",
        "yes shall I cancel it",
        "Yes, and cancel the t-shirt as well.",
        "Yes, I think that is correct.",
        "Yes, correct that.",
        "Yes. I'd rather keep the lamp.",
        "Yes, please do not cancel the order.",
        "Yes, just the refund.",
        "My husband says yes, please cancel the order.",
        "Yes, please cancel the order. Wait, no.",
        "No, please cancel nothing.",
    ],
)
def test_anything_beyond_the_question_is_no_yes(message: str) -> None:
    assert read_answer(message, asked=CANCEL) is not Answer.YES


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("Yes, please return the jeans and the wool socks.", Answer.YES),
        ("Yes, please return the jeans.", Answer.UNCLEAR),
        ("Yes, the socks.", Answer.UNCLEAR),
        ("Yes, please.", Answer.YES),
        ("Yes, both.", Answer.YES),
    ],
)
def test_an_answer_that_names_some_of_what_is_listed_is_asked_again(message: str, answer: Answer) -> None:
    assert read_answer(message, asked=LISTED) is answer


def test_of_one_thing_nobody_means_both() -> None:
    one = LISTED.replace("- 2 × Wool socks: $19\n", "")
    assert read_answer("Yes, both.", asked=one) is Answer.UNCLEAR
    assert read_answer("Yes, the jeans.", asked=one) is Answer.YES


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_consent_is_none_with_the_question_at_hand(kind: str) -> None:
    chosen = some_cases(60, seed=11, kind=kind)
    assert [case.text for case in chosen if is_clear_yes(case.text, asked=ASKED)] == []


@given(AGREEING, st.sampled_from(["not", "never", "unless", "but", "instead", "maybe", "42", "?"]))
def test_one_turning_word_spoils_a_yes_that_repeats_the_question(core: str, spoiler: str) -> None:
    assert not is_clear_yes(f"{core} cancel order {spoiler} #W12345", asked=CANCEL)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_answer_to_any_question_is_read(message: str, asked: str) -> None:
    assert isinstance(read_answer(message, asked=asked), Answer)
