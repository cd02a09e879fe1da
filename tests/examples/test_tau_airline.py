"""The airline's desk over tau-bench's database: its rules, asked as the gate asks them."""

from __future__ import annotations

from typing import Any

import pytest

from examples.tau_airline import ACTIONS, Store, open_store
from shopbot.tools import Call
from shopbot.tools.rules import broken
from tests.examples.recorded import recorded

BY_NAME = {action.name: action for action in ACTIONS}


@pytest.fixture(scope="module")
def store() -> Store:
    return open_store(recorded("tau/airline_db.json.gz"))


def against(store: Store, name: str, said: str, **args: Any) -> str | None:
    """What the rules of the action say to the call, after the customer said these words."""
    return broken(BY_NAME[name], Call(store, {}, "", "", [("customer", said)]), args)


def flights(*segments: str) -> list[dict[str, str]]:
    return [dict(zip(("flight_number", "date"), segment.split(), strict=True)) for segment in segments]


def test_every_write_is_confirmed_and_has_rules() -> None:
    writes = [action for action in ACTIONS if action.effect == "write"]
    assert len(writes) == 6
    assert all(action.confirm and action.rules for action in writes)


@pytest.mark.parametrize(
    ("reservation", "said", "allowed"),
    [
        ("K1NW8N", "I am mohamed_silva_9265, my plans changed.", True),
        ("H9ZU1C", "I am mia_kim_4397, my plans changed.", False),
        ("9HBUV8", "I am mohamed_hernandez_5188, my plans changed.", False),
        ("9HBUV8", "I am mohamed_hernandez_5188 and I am ill.", True),
        ("K1NW8N", "My plans changed.", False),
    ],
    ids=["within a day", "no ground", "insured for another reason", "insured and ill", "nobody said who they are"],
)
def test_when_a_trip_may_be_cancelled(store: Store, reservation: str, said: str, allowed: bool) -> None:
    assert (against(store, "cancel_reservation", said, reservation_id=reservation) is None) is allowed


def test_a_flown_trip_is_left_to_a_person(store: Store) -> None:
    said = "I am aarav_ahmed_6699"
    assert "landed" in str(against(store, "cancel_reservation", said, reservation_id="NQNU5R"))


@pytest.mark.parametrize(("total", "nonfree", "allowed"), [(3, 0, True), (3, 2, False), (4, 1, True)])
def test_bags_are_counted_by_membership(store: Store, total: int, nonfree: int, allowed: bool) -> None:
    bags = {"total_baggages": total, "nonfree_baggages": nonfree, "payment_id": "gift_card_6941833"}
    said = "I am yara_garcia_1905, add bags to HXDUBJ"
    assert (against(store, "update_reservation_baggages", said, reservation_id="HXDUBJ", **bags) is None) is allowed


def test_basic_economy_keeps_its_flights(store: Store) -> None:
    change = {"cabin": "economy", "flights": flights("HAT041 2024-05-21"), "payment_id": "credit_card_9659780"}
    said = "I am ivan_rossi_8555, use my credit card"
    assert "basic economy" in str(against(store, "update_reservation_flights", said, reservation_id="OWZ4XL", **change))


def test_a_trip_keeps_its_ends(store: Store) -> None:
    change = {"cabin": "economy", "flights": flights("HAT169 2024-05-17"), "payment_id": "credit_card_8003957"}
    said = "I am raj_brown_5782, use my credit card"
    assert "from DTW to LGA" in str(
        against(store, "update_reservation_flights", said, reservation_id="VA5SGQ", **change)
    )
