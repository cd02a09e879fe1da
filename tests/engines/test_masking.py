"""No personal value stays in a masked text, each keeps its placeholder, and everything else stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.recording.masking import Masker

CASES = [
    ("maria.lopez@example.com", "[EMAIL_1]"),
    ("My e-mail is Maria.Lopez@Example.com.", "My e-mail is [EMAIL_1]."),
    ("<mailto:jo+x@a-b.co.uk>", "<mailto:[EMAIL_1]>"),
    ("it's jane dot doe at example dot com", "it's [EMAIL_1]"),
    ("write to jane [at] example [dot] org please", None),
    ("order 123456", "order [ORDER_1]"),
    ("It's #123 456!", "It's #[ORDER_1]!"),
    ("order 12-34-56, the jeans", "order [ORDER_1], the jeans"),
    ("one two three four five six", "[ORDER_1]"),
    ("it is twelve thirty-four fifty-six", "it is [ORDER_1]"),
    ("１２３４５６", "[ORDER_1]"),
    ("card 4111 1111 1111 1111", "card [CARD_1]"),
    ("the card ending in 4242", "the card ending in [CARD_1]"),
    ("call +49 (0)30 1234567", "call [PHONE_1]"),
    ("call (555) 123-4567", "call [PHONE_1]"),
    ("call 555-123-4567", "call [PHONE_1]"),
    ("1Z999AA10123456784", "[NUMBER_1]"),
    ("tracking number 9400100609143860450910", "tracking number [NUMBER_1]"),
    ("I live at 12 Elm Street, Apt 4, Portland, ME 04101", "I live at [ADDRESS_1]"),
    ("send it to 1600 Pennsylvania Avenue", "send it to [ADDRESS_1]"),
    ("2174 maple avenue apt 3, portland me 04101 please", "[ADDRESS_1] [ORDER_1] please"),
    ("841 Prospect Place", "[ADDRESS_1]"),
    ("P.O. Box 77", "[ADDRESS_1]"),
    ("Hauptstraße 12, Berlin", "[ADDRESS_1], Berlin"),
    ("12 rue de la Paix", "[ADDRESS_1]"),
    ("My name is Maria Lopez", "My name is [NAME_1] [NAME_2]"),
    ("my name is xu wei and I want", "my name is [NAME_1] [NAME_2] and I want"),
    ("Hi, I'm Zbigniew Nowak.", "Hi, I'm [NAME_1] [NAME_2]."),
    ("this is for Anna's birthday", "this is for [NAME_1]'s birthday"),
    ("Thanks,\nOluwaseun", "Thanks,\n[NAME_1]"),
]
PLAIN = [
    "I want to send the jeans back",
    "I'm looking for my order, this is urgent",
    "2 × Organic Cotton T-Shirt, white, M ($19.95 each)",
    "Straight-Leg Jeans, dark blue, W31 L32 ($59.90)",
    "delivered on 2026-11-15T12:00:00+00:00, 30 days",
    "Total $1,234.50, delivered on November 15, 2026",
    "Hello! How can I help?",
    "[returns#return-window] says 30 days",
    "yes, please; I am not sure that is right",
    "two of the three shirts",
    "I ordered 2 shirts by the way",
    "3 times in a row",
    "",
]


@pytest.mark.parametrize(("text", "masked"), CASES)
def test_what_is_personal_is_replaced(text: str, masked: str | None) -> None:
    found = Masker().mask(text)
    if masked is None:
        assert "jane" not in found
    else:
        assert found == masked


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_not_stays(text: str) -> None:
    assert Masker().mask(text) == text


def test_every_spelling_of_a_value_has_one_placeholder() -> None:
    masker = Masker()
    assert masker.mask("123456 and 654321") == "[ORDER_1] and [ORDER_2]"
    assert masker.mask("I said one two three four five six") == "I said [ORDER_1]"
    assert masker.mask_value({"order_number": "#123-456", "again": 654321}) == {
        "order_number": "#[ORDER_1]",
        "again": "[ORDER_2]",
    }


def test_a_name_is_known_from_the_address_and_from_then_on() -> None:
    masker = Masker()
    assert masker.mask("okonkwo.chidi@example.com") == "[EMAIL_1]"
    assert masker.mask("For Chidi Okonkwo") == "For [NAME_2] [NAME_1]"


def test_a_name_that_is_learnt_later_is_masked_before_that_too() -> None:
    masker = Masker()
    masker.learn("okonkwo.chidi@example.com")
    assert masker.mask("the jeans are for chidi") == "the jeans are for [NAME_2]"


def test_a_fact_is_personal_whatever_it_looks_like() -> None:
    masker = Masker([("ADDRESS", "Springfield"), ("ORDER", "AB-12")])
    assert masker.mask("from springfield, order ab-12") == "from [ADDRESS_1], order [ORDER_1]"


def test_an_action_stays_json() -> None:
    masked = Masker().mask_action('[ACTION] take_email {"email": "a@b.de", "n": 1234567, "deep": [{"x": "é"}]}')
    assert json.loads(masked.partition("{")[1] + masked.partition("{")[2]) == {
        "email": "[EMAIL_1]",
        "n": "[ORDER_1]",
        "deep": [{"x": "é"}],
    }


digits = st.integers(10_000, 99_999_999).map(str)
addresses = st.builds(
    "{}.{}@{}.{}".format,
    st.from_regex(r"[a-z]{3,8}", fullmatch=True),
    st.from_regex(r"[a-z]{3,8}[0-9]{0,3}", fullmatch=True),
    st.from_regex(r"[a-z]{2,8}", fullmatch=True),
    st.sampled_from(["com", "org", "de", "co.uk"]),
)
cards = st.from_regex(r"4[0-9]{15}", fullmatch=True)
phones = st.from_regex(r"\+[1-9][0-9]{9,12}", fullmatch=True)
values = st.one_of(digits, addresses, cards, phones)
frames: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [
        lambda value: f"My order is {value}.",
        lambda value: f"({value})",
        lambda value: f"it's {value}, thanks",
        lambda value: f"\n{value}\n",
        lambda value: f'"{value}"?',
        lambda value: f"no: {value}!",
    ]
)


@given(st.lists(st.tuples(values, frames), min_size=1, max_size=5))
def test_no_value_survives_and_each_points_back(said: list[tuple[str, Callable[[str], str]]]) -> None:
    masker = Masker()
    masked = [masker.mask(frame(value)) for value, frame in said]
    for value, _ in said:
        assert value not in " ".join(masked)
        assert masker.mask(value) in " ".join(masked)


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    masker = Masker()
    once = masker.mask(text)
    assert masker.mask(once) == once


@given(st.lists(st.sampled_from([case[0] for case in CASES] + PLAIN), max_size=8), st.integers(0, 8))
def test_a_longer_conversation_keeps_its_placeholders(texts: list[str], cut: int) -> None:
    short, long = Masker(), Masker()
    assert [short.mask(text) for text in texts[:cut]] == [long.mask(text) for text in texts][:cut]
