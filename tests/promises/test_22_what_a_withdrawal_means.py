"""Who withdraws a return by its number means that one: what else is under way stays, and what is told is true."""

from __future__ import annotations

import pytest
from attacked_shop import MARIA, ORDER, OpenShop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MINE = f"I want to return the jeans from order {ORDER}, {MARIA}"


def test_a_return_of_another_conversation_stays_and_is_not_denied(shop: OpenShop) -> None:
    shop.say(MINE, "first")
    label = shop.say("yes", "first").reply
    assert "R22" in label
    reply = shop.say("cancel return R22", "second").reply
    assert "I have changed nothing about return R22" in reply
    assert "person" in reply
    assert "stays as it is" in shop.say("cancel my return", "third").reply
    assert shop.made() == 1


def test_it_is_told_no_other_way_of_a_return_that_nobody_has(shop: OpenShop) -> None:
    assert shop.say("cancel return R47").reply.replace("R47", "R1") == shop.say("cancel return R1", "two").reply


def test_what_is_under_way_is_not_dropped_for_another_return(shop: OpenShop) -> None:
    shop.say(f"I want to return something from order {ORDER}, {MARIA}")
    reply = shop.say("cancel return R1").reply
    assert "stays open" in reply
    assert shop.made() == 0
    assert "dropped" in shop.say("never mind, cancel it").reply


def test_a_pending_question_is_no_longer_answered_by_the_next_yes(shop: OpenShop) -> None:
    shop.say(MINE)
    shop.say("no, cancel return R1")
    shop.say("cancel return R1")
    assert shop.made() == 0
