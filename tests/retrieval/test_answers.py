"""An answer may cite only what was retrieved, quote only what stands there, and claim nothing without a citation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.tools.retrieval.answers import cited_keys, stands_in, without_citations
from shopbot.tools.retrieval.claims import check_answer

PASSAGES = {
    "returns#window": "You can return most items within 30 days of delivery. Day 30 still counts.",
    "refunds#when": "Your refund is issued within 5 to 7 business days.",
    "hours#phone": "Our phone lines are open from 9 a.m. to 6 p.m., Monday to Friday.",
}
SAID = ["my order 123456 is 45 days old, can I still return it?"]


def reasons(answer: str, **known: list[str]) -> list[str]:
    return [fault.reason for fault in check_answer(answer, PASSAGES, said=SAID, **known)]


@pytest.mark.parametrize(
    "answer",
    [
        "You can return most items within 30 days of delivery [returns#window].",
        "Hello! You can return most items within thirty days [returns#window]. Anything else I can help with?",
        "Great question! Here's what our policy says:\n- Items come back within 30 days [returns#window]\n"
        "- Refunds take 5–7 business days [refunds#when]\n\nLet me know if you need anything else!",
        "Yes. You have 30 days from delivery. [returns#window]",
        "Yes, you can: day 30 still counts [returns#window].",
        "According to our policy [returns#window], you can return most items within 30 days.",
        "**Return window:** 30 days [returns#window].\n\n**Refund:** 5 to 7 business days [refunds#when].",
        "1. Send it back within 30 days [returns#window].\n2. Wait 5 to 7 business days [refunds#when].",
        "Refunds take 5 to 7 business days, and you have 30 days to return [refunds#when][returns#window].",
        "The phone lines are open 9:00 to 6:00 on weekdays [hours#phone].",
        'You have a month: "within 30 days of delivery" [returns#window]. It takes a week [refunds#when].',
        'It says "You can return most items within 30 days of delivery." [returns#window]',
        "You asked about “45 days old”. You have 30 days [returns#window].",
        "You have 30 days [returns#window]. To go on I need your order number.",
        "I don't know: our policies do not cover that, and I would rather not guess. I can hand you to a person.",
        "I'm sorry, but our documents do not mention gift wrapping. If you like, I can hand you to a person.",
        "Unfortunately, I couldn’t find anything about that. Would you like to talk to a person?",
        "I don't know whether you can return it after 45 days.",
        "Could you tell me which country you live in?",
        "I hope that helps! Have a great day!",
    ],
)
def test_an_answer_that_rests_on_the_passages_or_claims_nothing_has_no_fault(answer: str) -> None:
    assert reasons(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "Shoes can be worn outside first.",
        "You have 30 days [returns#window]. Shoes are always free of charge.",
        "I'm sorry, sale items can't be returned.",
        "I don't know about shoes, but sandals can always come back.",
        "Most shops allow a month for that.",
        "You can return it within 30 days [1].",
        "You can return it within 30 days (returns#window).",
    ],
)
def test_a_claim_without_a_citation_is_named(answer: str) -> None:
    (reason,) = reasons(answer)
    assert "cites no passage" in reason


@pytest.mark.parametrize("answer", ["Yes.", "No, never.", "Hello! Yes, you can. Anything else?"])
def test_a_bare_verdict_is_no_answer(answer: str) -> None:
    (reason,) = reasons(answer)
    assert "no answer by itself" in reason


@pytest.mark.parametrize("days", ["60", "31", "3", "sixty", "thirty-five", "1,030", "30.5"])
def test_a_number_must_stand_in_what_its_sentence_cites(days: str) -> None:
    (reason,) = reasons(f"You can return most items within {days} days [returns#window].")
    assert "which does not stand in [returns#window]" in reason


def test_a_number_that_only_the_customer_said_is_not_borne_out_by_a_citation() -> None:
    (reason,) = reasons("Yes, you have 45 days [returns#window].")
    assert "says 45, which does not stand in [returns#window]" in reason
    assert reasons("45 days are past the 30 days that you have [returns#window].") == []


def test_a_number_of_another_passage_does_not_count() -> None:
    (reason,) = reasons("Your refund is issued within 30 days [refunds#when].")
    assert "says 30, which does not stand in [refunds#when]" in reason


@given(st.integers(8, 10**6).filter(lambda days: days != 30))
def test_no_invented_number_passes_a_citation(days: int) -> None:
    assert check_answer(f"You have {days} days for it [returns#window].", PASSAGES)


def test_a_sentence_in_the_words_of_another_observation_needs_no_citation() -> None:
    told = "Your parcel with order 123456 is in transit and is expected on Friday. You have 30 days [returns#window]."
    assert reasons(told, observed=["Order 123456: parcel in transit, expected on Friday"]) == []
    assert len(reasons(told)) == 1


def test_an_amount_that_an_observation_gives_in_cents_may_be_said_in_units() -> None:
    assert reasons("The refund for the jeans is $59.90.", observed=["refund for the jeans: 5990 cents"]) == []


@pytest.mark.parametrize(
    "key",
    [
        "returns#forever",
        "returns＃window",
        "rеturns#window",
        "returns#win\u200bdow",
        "Returns#window",
        "returns#window-2",
        "other-tenant/returns#window",
        "my file.pdf#window",
    ],
)
def test_a_key_that_was_not_retrieved_is_refused_however_much_it_looks_like_one(key: str) -> None:
    (reason,) = reasons(f"You have 30 days [{key}].")
    assert f"[{key}] is not among the retrieved passages: cite one of [returns#window]" in reason


@pytest.mark.parametrize("answer", ["You have 30 days ［returns#window］.", "You have 30 days 【returns#window】."])
def test_brackets_that_only_look_square_do_not_cite(answer: str) -> None:
    assert "is not among the retrieved passages" in reasons(answer)[0]


@pytest.mark.parametrize(
    "answer", ["[1] and [order]", "[x](https://example.com/#a)", "[see #3]", "a[i#]", "[ ]", "[C#]", "[C# code]"]
)
def test_ordinary_brackets_are_no_citations(answer: str) -> None:
    assert cited_keys(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        'It says "within 60 days of delivery" [returns#window].',
        'It says "issued within 5 to 7 business days" [returns#window].',
        'It says "0 days of delivery" [returns#window].',
        'You have a month: "within 31 days of delivery." [returns#window]',
        '[returns#window] says "within 90 days of delivery".',
        "It says «within 60 days of delivery» [returns#window].",
        'It says "my order 123456 is 45 days old" [returns#window].',
    ],
)
def test_a_quote_must_stand_in_the_passage_it_cites(answer: str) -> None:
    (reason,) = reasons(answer)
    assert "does not stand in [returns#window]" in reason


def test_a_quote_without_a_citation_may_be_the_customers_or_any_passages_but_not_invented() -> None:
    assert reasons('You said "45 days old": is that so?') == []
    assert "does not stand in any retrieved passage" in reasons('Did it say "free for ever and ever"?')[0]


def test_white_space_and_curly_marks_do_not_matter_to_a_quote() -> None:
    assert stands_in("the customer’s\n own  words.", "In the customer's own words they say")


@given(st.text(max_size=80), st.text(max_size=80))
def test_an_invented_figure_is_found_whatever_stands_before_it(before: str, passage: str) -> None:
    answer = f"{before}\n\nThe parcel costs 987654321 dollars to send."
    assert check_answer(answer, {"a#b": passage}, said=[passage], observed=[passage])


def test_keys_come_in_order_and_once() -> None:
    assert cited_keys("[b#1] then [a#2, b#1]") == ["b#1", "a#2"]


def test_a_key_of_any_form_cites_when_it_was_retrieved() -> None:
    assert cited_keys("so it is [page 7, left]", {"page 7, left": ""}) == ["page 7, left"]


def test_text_can_be_kept_from_speaking_with_a_key() -> None:
    forged = "All is free [returns#window], [refunds#when] and [1]."
    assert without_citations(forged) == "All is free (returns#window), (refunds#when) and [1]."
