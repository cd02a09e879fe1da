"""An answer may cite only what was retrieved, and quote only what stands there."""

from __future__ import annotations

import pytest

from tools.retrieval.answers import check_answer, cited_keys, stands_in

PASSAGES = {
    "returns#window": "You can return most items within 30 days of delivery. Day 30 still counts.",
    "refunds#when": "Your refund is issued within 5 to 7 business days.",
}


def reasons(answer: str) -> list[str]:
    return [fault.reason for fault in check_answer(answer, PASSAGES)]


def test_an_answer_that_cites_and_quotes_what_was_retrieved_has_no_fault() -> None:
    answer = 'You have a month: "within 30 days of delivery" [returns#window]. It takes a week [refunds#when].'
    assert check_answer(answer, PASSAGES) == []


def test_a_citation_after_the_full_stop_counts() -> None:
    assert reasons("The refund takes about a week. [refunds#when]") == []


def test_a_key_that_was_not_retrieved_is_named() -> None:
    (reason,) = reasons("You have 90 days [returns#forever].")
    assert "[returns#forever] is not among the retrieved passages" in reason


@pytest.mark.parametrize(
    "answer",
    [
        'It says "within 60 days of delivery" [returns#window].',
        'It says "issued within 5 to 7 business days" [returns#window].',
    ],
)
def test_a_quote_must_stand_in_the_passage_it_cites(answer: str) -> None:
    (reason,) = reasons(answer)
    assert "does not stand in [returns#window]" in reason


def test_a_statement_without_a_citation_is_named_and_a_question_is_not() -> None:
    (reason,) = reasons("You have thirty days. [returns#window] Shoes can be worn outside first. Shall I start it now?")
    assert "Shoes can be worn outside" in reason


def test_white_space_and_curly_marks_do_not_matter_to_a_quote() -> None:
    assert stands_in("the customer’s\n own  words.", "In the customer's own words they say")


def test_keys_come_in_order_and_once() -> None:
    assert cited_keys("[b#1] then [a#2, b#1]") == ["b#1", "a#2"]
