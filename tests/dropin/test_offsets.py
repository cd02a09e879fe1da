"""Offsets from UTC: said or absent, never the engine's own."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

import pytest

from shopbot.agents.grounding import gather, ungrounded
from shopbot.agents.grounding.offsets import offsets_in

DAY = "Book 2026-03-05 at 17:00"


def aware(hours: int, hour: int = 17) -> datetime:
    return datetime(2026, 3, 5, hour, tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize("value", [aware(-11), aware(14), aware(0), time(17, tzinfo=timezone(timedelta(hours=14)))])
def test_an_offset_that_nobody_said_is_invented(value: datetime | time) -> None:
    for form in (value, value.isoformat()):
        assert list(ungrounded(form, gather([DAY]), type(value)))


def test_so_it_is_at_midnight() -> None:
    assert list(ungrounded(aware(0, hour=0), gather(["Book 2026-03-05"]), datetime))


@pytest.mark.parametrize(
    ("said", "hours"),
    [("UTC", 0), ("GMT", 0), ("UTC+2", 2), ("+02:00", 2), ("(UTC -11)", -11), ("gmt-3:00", -3), ("+0530", 5.5)],
)
def test_an_offset_that_was_said_is_not(said: str, hours: float) -> None:
    value = datetime(2026, 3, 5, 17, tzinfo=timezone(timedelta(hours=hours)))
    assert not list(ungrounded(value, gather([f"{DAY} {said}"]), datetime))


@pytest.mark.parametrize("said", ["2026-03-05T17:00:00-11:00", "2026-03-05 17:00+02:00", "2026-03-05T17:00Z"])
def test_what_was_said_in_full_is_grounded_in_either_form(said: str) -> None:
    for value in (said, datetime.fromisoformat(said)):
        assert not list(ungrounded(value, gather([said]), datetime))


@pytest.mark.parametrize("value", [datetime(2026, 3, 5, 17), "2026-03-05T17:00:00"])
def test_without_an_offset_day_and_time_are_enough(value: object) -> None:
    assert not list(ungrounded(value, gather([DAY]), datetime))


@pytest.mark.parametrize("text", ["from 09:00-11:00", "09:00 - 11:00", "+49 30 123456", "2+2", "size Z", "CET", "B-17"])
def test_ranges_and_other_signs_are_no_offsets(text: str) -> None:
    assert offsets_in(text) == frozenset()
