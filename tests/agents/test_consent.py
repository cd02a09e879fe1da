"""What is read as a clear yes, what as a clear no, and what as neither."""

from __future__ import annotations

import pytest

from shopbot.agents.consent import is_clear_yes
from shopbot.prompts import render
from shopbot.prompts.consent import Answer, read_answer
from tests.agents.consent_cases import clear_answers

YES = [
    "no problem, go ahead",
    "no that's all, yes please go ahead",
    "no, that's all. Yes, send me the label please",
    "Yes, I'd like that, thank you very much :)",
    "ok thanks, go ahead then",
    "Yes... please send it",
    "yes yes yes",
    "👍🏽",
]
UNCLEAR = [
    "",
    "…",
    "please",
    "thanks",
    "ok thanks",
    "ok...",
    "ok fine",
    "k",
    "fine",
    "right",
    "correct",
    "whatever",
    "yes?",
    "sure?",
    "yes but",
    "yes to what",
    "yeah right",
    "yeah yeah",
    "yeah, yeah, thanks",
    "yeah, right, send it",
    "yeah, no",
    "no, yes",
    "I guess",
    "if you say so",
    "sure, why not",
    "not bad",
    "I do",
    "I would",
    "I'm happy with it",
    "it works for me",
    "please confirm",
    "correct the label please",
    "all good",
    "no worries",
    "no worries, all good",
    "nope that's it, all good, thanks",
    "no that's all",
    "nothing else",
    "I'm not at all sure",
    "is that correct",
    "Do I need to confirm",
    "Let me make sure that is correct",
    "I'll do it soon",
    "he's sure",
    "thinks yes",
    "yesterday",
    "123456",
    "ya",
    "sí",
    "yes 👎",
    "👎👍",
    "'yes'",
]


@pytest.mark.parametrize("message", YES)
def test_a_clear_yes(message: str) -> None:
    assert read_answer(message) is Answer.YES


@pytest.mark.parametrize("message", UNCLEAR)
def test_what_is_neither_is_asked_again(message: str) -> None:
    assert read_answer(message) is Answer.UNCLEAR


@pytest.mark.parametrize("message", clear_answers("noes", "developing"))
def test_a_clear_no(message: str) -> None:
    assert read_answer(message) is Answer.NO


def test_only_a_yes_is_a_clear_yes() -> None:
    assert [is_clear_yes(message) for message in ("yes", "no", "hm")] == [True, False, False]


def test_nineteen_of_twenty_customers_who_say_yes_are_understood() -> None:
    yeses = [*clear_answers("yeses", "developing"), *clear_answers("yeses", "held_back")]
    assert sum(map(is_clear_yes, yeses)) >= 0.95 * len(yeses)


@pytest.mark.parametrize("half", ["developing", "held_back"])
def test_no_customer_who_says_no_is_taken_to_agree(half: str) -> None:
    noes = clear_answers("noes", half)
    assert not any(map(is_clear_yes, noes))
    assert sum(read_answer(each) is Answer.NO for each in noes) >= 0.9 * len(noes)


@pytest.mark.parametrize(
    "typed", ["yesss", "YESSSSS", "yse", "pleasee do", "yes plaese", "definetly", "absolutly", "okk"]
)
def test_a_slip_of_the_finger_does_not_spoil_a_yes(typed: str) -> None:
    assert is_clear_yes(typed)


def test_a_word_of_its_own_is_no_misspelt_yes() -> None:
    assert not is_clear_yes("defiantly")


def test_a_long_answer_is_neither() -> None:
    assert read_answer("yes " + "please " * 30) is Answer.UNCLEAR


def test_the_question_put_again_spells_the_choice_out() -> None:
    assert "answer yes to request the label, or no" in render("agent/confirm_again.j2", deed="request the label")
