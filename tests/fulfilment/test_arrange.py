"""A confirmed return ends with a label in the customer's mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import cast

import pytest
from return_shop import ADA, JEANS, ONE_OF_EACH, ORDER, SOCKS, end_state, open_shop

from shopbot.shop.errors import ReturnRefused
from shopbot.shop.settings import Settings


def test_the_label_reaches_the_mailbox_of_the_customer_on_record(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    assert (outcome.status, outcome.refund_total) == ("emailed", 5990)
    assert outcome.recipient == "ada@customers.example"
    assert end_state(settings) == ONE_OF_EACH
    (file,) = (settings.data / "mail" / "new").iterdir()
    message = cast(EmailMessage, BytesParser(policy=default).parsebytes(file.read_bytes()))
    (label,) = message.iter_attachments()
    assert message["To"] == "ada@customers.example"
    assert outcome.label_file is not None
    assert label.get_content() == outcome.label_file.read_bytes()
    assert label.get_content().startswith(b"%PDF")
    assert outcome.tracking_code is not None
    assert outcome.tracking_code in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_asking_again_gives_the_same_return(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        first = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat") == first
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "another chat") == first
        assert fulfilment.status(first.return_id) == first
    assert end_state(settings) == ONE_OF_EACH


def test_asking_again_after_a_restart_gives_the_same_return(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        first = fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat")
    with open_shop(settings) as fulfilment:
        assert fulfilment.arrange(ORDER, ADA, {JEANS: 1}, "chat") == first
    assert end_state(settings) == ONE_OF_EACH


def test_another_unit_of_the_same_line_is_another_return(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        first = fulfilment.arrange(ORDER, ADA, {SOCKS: 1}, "chat", returned_before={SOCKS: 0})
        again = fulfilment.arrange(ORDER, ADA, {SOCKS: 1}, "chat", returned_before={SOCKS: 0})
        second = fulfilment.arrange(ORDER, ADA, {SOCKS: 1}, "chat", returned_before={SOCKS: 1})
    assert again == first
    assert second.return_id != first.return_id
    assert end_state(settings).purchases == 2


def test_several_lines_come_back_under_one_label(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        outcome = fulfilment.arrange(ORDER, ADA, {JEANS: 1, SOCKS: 3}, "chat")
    assert outcome.refund_total == 5990 + 3 * 450
    assert end_state(settings).purchases == 1


@pytest.mark.parametrize(
    ("order", "customer", "items", "reason"),
    [
        (ORDER, 2, {JEANS: 1}, "is not an order of this customer"),
        ("999999", ADA, {JEANS: 1}, "is not an order of this customer"),
        (ORDER, ADA, {99: 1}, "Line 99 is not part of order"),
        (ORDER, ADA, {JEANS: 2}, "Only 1 of 1 x Blue jeans"),
        (ORDER, ADA, {JEANS: 0}, "0 is not a number of units"),
        (ORDER, ADA, {JEANS: -1}, "-1 is not a number of units"),
        (ORDER, ADA, {}, "No items were named"),
    ],
)
def test_what_is_not_there_to_be_returned_is_refused(
    settings: Settings, order: str, customer: int, items: dict[int, int], reason: str
) -> None:
    with open_shop(settings) as fulfilment, pytest.raises(ReturnRefused, match=reason):
        fulfilment.arrange(order, customer, items, "chat")
    assert end_state(settings).returns == []


def test_more_units_than_are_left_are_refused(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        fulfilment.arrange(ORDER, ADA, {SOCKS: 2}, "chat")
        with pytest.raises(ReturnRefused, match="Only 1 of 3 x Wool socks"):
            fulfilment.arrange(ORDER, ADA, {SOCKS: 3}, "another chat")
    assert end_state(settings).returns == ["emailed"]


def test_an_offer_that_is_out_of_date_is_refused(settings: Settings) -> None:
    with open_shop(settings) as fulfilment:
        fulfilment.arrange(ORDER, ADA, {SOCKS: 2}, "chat", returned_before={})
        with pytest.raises(ReturnRefused, match="has changed in the meantime"):
            fulfilment.arrange(ORDER, ADA, {SOCKS: 1}, "another chat", returned_before={})
