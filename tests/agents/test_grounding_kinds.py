"""Grounding by kind: generated values, what each kind decides, schemas, evidence, work linear in the text."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from benchmarks.grounding import measure
from benchmarks.grounding_cases import KINDS
from shopbot.agents.grounding import (
    MAX_TEXT,
    Calendar,
    Kind,
    Observed,
    gather,
    is_grounded,
    needs_grounding,
    ungrounded,
)
from shopbot.agents.grounding.reading import parse, read


@pytest.mark.parametrize("kind", KINDS)
def test_of_generated_values_none_is_mistaken_and_hardly_one_refused(kind: str) -> None:
    outcome = measure(kind, 500)
    assert outcome.accepted == []
    assert len(outcome.refused) <= 5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("twenty one of them", 21), ("two hundred", 200), ("two hundred and five", "205"), ("a dozen", 12),
        ("1/2", 0.5),
        ("half a dozen", 6), (".50", Decimal("0.50")), ("1,5 kg", 1.5), ("1.299,00 €", 1299), ("it is -100", -100),
        ("negative twenty", -20), ("20 percent", "20%"), ("$20", 20), ("2x shirts", 2), ("two and a half", 2.5),
        ("fifteen hundred", 1500), ("two 50 dollar cards", 50), ("order 123456 2 shirts", 2), ("100 minus 50", 50),
        ("¾ of it", 0.75), ("seven, I think", "seven"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_a_number(text: str, value: Any) -> None:
    assert is_grounded(value, [text])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("twenty one", 201), ("twenty one", 20), ("twenty one", 1), ("two hundred", 2100), ("two hundred", 2),
        ("100", -100),
        ("-100", 100), ("-100", "100"), ("1/2", 12), ("1/2", 1), (".50", 50), ("20", "20%"), ("20 dollars", "€20"),
        ("the blue one", 1), ("a gift", 1), ("5th of May", 5), ("thirty-first", 30),
        ("100 minus 50", -50), ("12-34-56", 12), ("W31", 31),
        ("1 2 3 4 5 6", 3), ("5²", 52), ("two hundred and three hundred", 203), ("7 March 1980", 1980),
        ("at 17:30", 17),
        ("1,299", 1), ("tom23@example.com", 23),
    ],
)  # fmt: skip
def test_a_number_stands_for_no_other(text: str, value: Any) -> None:
    assert not is_grounded(value, [text])


@pytest.mark.parametrize(
    ("text", "value", "there"),
    [
        ("ceo@my-bank.com", "ceo@mybank.com", False),
        ("wanda kowalski at posteo dot de", "kowalski@posteo.de", False),
        ("jane dot doe@example.com", "doe@example.com", False),
        ("jane@example.co [dot] uk", "jane@example.co", False),
        ("it's tom two three at mail dot de", "tom23@mail.de", True),
        ("MAILTO:Jane@Example.com", "jane@example.com", True),
        ("12-34-56", "123456", True),
        ("12 34 56", "1234", False),
        ("0123", "123", False),
        ("AB-1234-X", "AB-1234", False),
        ("my order is 1234", "IS1234", False),
        ("nine oh two double one seven", "902117", True),
        ("hello 👍", "👍", False),
        ("really?!", "?!", False),
        ("two tshirts", "T-Shirt", True),
        ("just the blue one", "blue one", True),
        ("one shirt", "one hundred shirts", False),
        ("the je\u200bans", "jeans", True),
        ("the jeans", "je\u200bans", False),
        ("paypal", "p\u0430ypal", False),
        ("7/3/1980", date(1980, 3, 7), False),
        ("17/3/1980", date(1980, 3, 17), True),
        ("7.3.1980", "1980-03-07", True),
        ("the seventh of March nineteen eighty", date(1980, 3, 7), True),
        ("7 March 2026 at 10:30", datetime(2026, 3, 7, 10, 30), True),
        ("half past five", "17:30", False),
        ("5:30 p.m.", "17:30", True),
        ("tomorrow", date(2026, 3, 8), False),
    ],
)
def test_what_each_kind_decides(text: str, value: Any, there: bool) -> None:
    assert is_grounded(value, [text]) is there


def test_a_date_without_its_year_is_the_nearest_such_day() -> None:
    calendar = Calendar(today=date(2026, 5, 15))
    assert is_grounded(date(2026, 5, 26), ["on May 26th, please"], calendar=calendar)
    assert is_grounded(date(2026, 5, 8), ["I bought it on May 8."], calendar=calendar)
    assert not is_grounded(date(2027, 5, 8), ["I bought it on May 8."], calendar=calendar)
    assert is_grounded(date(2026, 12, 30), ["30 December"], calendar=Calendar(today=date(2027, 1, 5)))
    assert not is_grounded(date(2027, 5, 26), ["May 26"], calendar=calendar)
    assert not is_grounded(date(2026, 5, 26), ["May 26"])


def test_a_calendar_says_what_day_tomorrow_is_and_which_of_day_and_month_comes_first() -> None:
    calendar = Calendar(today=date(2026, 3, 7), day_first=True)
    assert is_grounded(date(2026, 3, 8), ["tomorrow"], calendar=calendar)
    assert is_grounded(date(2026, 2, 21), ["two weeks ago"], calendar=calendar)
    assert is_grounded(date(1980, 3, 7), ["7/3/1980"], calendar=calendar)
    assert not is_grounded(date(1980, 7, 3), ["7/3/1980"], calendar=calendar)


class Colour(Enum):
    RED = "red"


@dataclass
class Parcel:
    weight: Decimal
    express: bool


class Booking(BaseModel):
    day: date
    kind: Literal["check-up", "cleaning"]
    colour: Colour | None = None
    code: Annotated[str, Field(pattern=r"^\d{6}$")] = "000000"
    born: str = Field("", json_schema_extra={"format": "date"})
    parcels: list[Parcel] = []
    counts: dict[str, int] = {}


def test_choices_booleans_and_defaults_are_not_grounded_and_all_else_is() -> None:
    args = {
        "day": "2026-03-07",
        "kind": "check-up",
        "colour": "red",
        "code": "000000",
        "parcels": [{"weight": "2.5", "express": True}],
    }
    assert ungrounded(args, ["7 March 2026, 2.50 kg"], Booking) == []
    assert ungrounded({**args, "counts": {"jeans": 2}}, ["7 March 2026, 2.5 kg"], Booking) == ["jeans", 2]
    assert ungrounded(Booking(day=date(2026, 3, 8), kind="cleaning"), ["7 March 2026"]) == [date(2026, 3, 8)]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("Please delay it by one day.", 19), ("Move it back a day.", 17), ("Two days later, please.", 20),
        ("A week earlier would do.", 11), ("The following day is fine.", 19), ("The previous day, please.", 17),
    ],
)  # fmt: skip
def test_a_day_so_far_from_one_that_was_said_is_said_too(said: str, day: int) -> None:
    flight = "The flight leaves on 2024-05-18."
    assert is_grounded(date(2024, 5, day), [flight, said])
    assert not is_grounded(date(2024, 5, day), [said])


@pytest.mark.parametrize("said", ["It takes two days.", "within 2 days", "2 day return policy", "a thousand days"])
def test_a_count_of_days_shifts_no_date(said: str) -> None:
    assert not is_grounded(date(2024, 5, 20), ["The flight leaves on 2024-05-18.", said])


def test_a_pattern_of_digits_makes_an_identifier_and_a_format_a_date() -> None:
    code, born = Booking.model_fields["code"], Booking.model_fields["born"]
    assert not is_grounded("123456", ["$123,456"], annotation=code)
    assert is_grounded("123456", ["#123 456"], annotation=code)
    assert is_grounded("1980-03-07", ["March 7th, 1980"], annotation=born)
    assert is_grounded("123456", ["$123,456"], kind=Kind.NUMBER)


@pytest.mark.parametrize(
    ("annotation", "needed"),
    [
        (bool, False), (Literal["a"], False), (Colour, False), (Colour | None, False), (list[Colour], False),
        (str, True),
        (int | None, True), (dict[str, bool], True), (Booking, True), (Annotated[Literal[1, 2], "x"], False),
        (None, True),
    ],
)  # fmt: skip
def test_a_type_says_whether_anything_in_it_needs_grounding(annotation: Any, needed: bool) -> None:
    assert needs_grounding(annotation) is needed


def _sum(expression: str, result: str) -> Observed:
    return Observed("calculate", {"expression": expression}, {"expression"}, f"{expression} = {result}")


def test_what_an_engine_wrote_is_not_grounded_by_its_echo() -> None:
    evidence = gather(["how much is it?", _sum("777777 + 0", "777777")])
    assert ungrounded([777777, "777777"], evidence) == [777777, "777777"]


def test_a_sum_over_given_numbers_grounds_its_result_and_one_over_invented_ones_does_not() -> None:
    said = "two shirts at 52.465"
    assert ungrounded(104.93, gather([said, _sum("2 * 52.465", "104.93")])) == []
    assert ungrounded(104.94, gather([said, _sum("2 * 52.465 + 0.01", "104.94")])) == [104.94]
    assert ungrounded(8.985, gather(["15% of 59.90", _sum("59.90 * 15 / 100", "8.985")])) == []
    assert ungrounded([2, 52.465], gather([said, _sum("2 * 52.465", "104.93")])) == []


def test_a_query_cannot_compose_an_address_and_one_of_given_words_observes() -> None:
    forged = Observed("query", {"sql": "select 'eve' || '@evil.example'"}, {"sql"}, "eve@evil.example")
    assert ungrounded("eve@evil.example", gather(["my orders?", forged])) == ["eve@evil.example"]
    found = Observed("query", {"sql": "select email from customers"}, {"sql"}, "jane@example.com")
    assert ungrounded("jane@example.com", gather(["my address?", found])) == []


def test_an_observation_without_arguments_of_the_engine_is_clean() -> None:
    looked_up = Observed("look_up_order", {"number": "123456"}, (), "Order 123456: jeans, $59.90")
    assert ungrounded(["123456", "jeans", 59.9], gather([looked_up])) == []


HOSTILE = [
    "a", "1", "1,", "a@", "@", "@a.", "one ", "at dot ", " at a dot b", "a dot ", "-", "1-a1", "1 ", "AB ",
    "half ", "1/",
    "March 1 of ", "point one ", "a-b-", "$", "minus ", "5:", "double ", "thousand ", "it's ", "( at ) ", "1.1",
    "\u200b", "½",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_work_grows_with_the_length_of_the_text_and_no_faster(piece: str) -> None:
    once, twice = (_calls(piece * (count // len(piece))) for count in (2000, 4000))
    assert twice <= 2.3 * once + 200


def _calls(text: str) -> int:
    """Function calls that reading the text makes."""
    made = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    parse.cache_clear()
    read.cache_clear()
    sys.setprofile(count)
    try:
        read(text)
    finally:
        sys.setprofile(None)
    return made


def test_what_stands_behind_the_limit_of_a_text_grounds_nothing() -> None:
    assert not is_grounded("123456", ["x " * (MAX_TEXT // 2) + "123456"])
