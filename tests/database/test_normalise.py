"""Order numbers and addresses as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.shop.database.normalise import normalise_email, normalise_order_number


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " #123456 ",
        "# 123 456",
        "No. 123456",
        "no.123456",
        "Order number: 123456",
        "ORDER #123456.",
        "№123456",
        "１２３４５６",
        '"123456"',
        "123456!",
        "123\u200b456\x00",
    ],
)
def test_an_order_number_is_found_however_it_is_typed(typed: str) -> None:
    assert normalise_order_number(typed) == "123456"


def test_a_shops_own_kind_of_number_keeps_its_letters_and_hyphens() -> None:
    assert normalise_order_number("#HP-2024-77") == "hp-2024-77"
    assert normalise_order_number("Northern-12") == "northern-12"


@pytest.mark.parametrize(
    "typed",
    [
        "maria.lopez@example.com",
        " Maria.Lopez@Example.COM ",
        "<maria.lopez@example.com>",
        "maria.lopez@example.com.",
        "(maria.lopez@example.com),",
        "mailto:maria.lopez@example.com",
    ],
)
def test_an_address_is_found_however_it_is_typed(typed: str) -> None:
    assert normalise_email(typed) == "maria.lopez@example.com"


@given(st.text())
def test_any_text_becomes_one_that_a_database_can_hold(text: str) -> None:
    for plain in (normalise_order_number(text), normalise_email(text)):
        assert "\0" not in plain
        plain.encode("utf-8")
