"""What is registered is what the customer agreed to, or they are asked again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attacked_shop import MARIA, ORDER, OpenShop

OPENING = f"I'd like to return the jeans from order {ORDER}, my e-mail is {MARIA}"
NEW_ADDRESS = "somebody.else@thief.example"


def change_price(shop: OpenShop) -> None:
    shop.change("UPDATE order_items SET unit_price = 999900 WHERE order_number = :order", order=ORDER)


def make_final_sale(shop: OpenShop) -> None:
    shop.change("UPDATE order_items SET final_sale = true WHERE order_number = :order", order=ORDER)


def cancel(shop: OpenShop) -> None:
    shop.change("UPDATE orders SET status = 'cancelled' WHERE order_number = :order", order=ORDER)


def change_address(shop: OpenShop) -> None:
    shop.change("UPDATE customers SET email = :new WHERE email = :old", new=NEW_ADDRESS, old=MARIA)


def let_the_window_run_out(shop: OpenShop) -> None:
    shop.clock.advance(days=200)


def let_the_question_grow_old(shop: OpenShop) -> None:
    shop.clock.advance(minutes=31)


def change_the_rules(shop: OpenShop) -> None:
    rules = shop.desk.shop.rules
    changed = rules.model_copy(update={"window": rules.window.model_copy(update={"days": 25})})
    object.__setattr__(shop.desk.shop, "rules", changed)


@pytest.mark.parametrize(
    "change",
    [
        change_price,
        make_final_sale,
        cancel,
        change_address,
        let_the_window_run_out,
        let_the_question_grow_old,
        change_the_rules,
    ],
    ids=lambda change: change.__name__,
)
def test_a_yes_to_other_terms_arranges_nothing(shop: OpenShop, change: Callable[[OpenShop], None]) -> None:
    assert shop.say(OPENING).awaiting == "confirmation"
    change(shop)
    turn = shop.say("yes")
    assert (shop.made(), shop.mails()) == (0, [])
    assert NEW_ADDRESS not in turn.reply


def test_the_new_terms_are_put_to_the_customer_and_hold_when_agreed_to(shop: OpenShop) -> None:
    shop.say(OPENING)
    shop.change("UPDATE order_items SET unit_price = 100 WHERE order_number = :order", order=ORDER)
    turn = shop.say("yes")
    assert turn.awaiting == "confirmation"
    assert "$1.00" in turn.reply
    shop.say("yes")
    assert (shop.made(), shop.mails()) == (1, [MARIA])


def test_the_same_terms_go_through(shop: OpenShop) -> None:
    shop.say(OPENING)
    shop.clock.advance(minutes=29)
    shop.say("yes")
    assert (shop.made(), shop.mails()) == (1, [MARIA])


def test_an_address_that_changed_is_not_shown(shop: OpenShop) -> None:
    shop.say(OPENING)
    change_address(shop)
    for words in ("where is my order?", "which orders do I have, and what is my e-mail address?", "yes"):
        assert NEW_ADDRESS not in shop.say(words).reply
    assert shop.made() == 0


def test_the_label_goes_to_the_address_that_was_agreed_to(shop: OpenShop, data_folder: Path) -> None:
    faults = data_folder / "carrier" / "faults.json"
    faults.parent.mkdir(exist_ok=True)
    faults.write_text('[{"operation": "create", "fault": "server_error", "times": 2}]')
    object.__setattr__(shop.desk.shop.settings, "fulfilment_wait_s", 0.0)
    shop.say(OPENING)
    shop.say("yes")
    change_address(shop)
    shop.desk.shop.fulfilment.linger(30)
    assert (shop.made(), shop.mails()) == (1, [MARIA])
