"""An argument arrives as what its type says, and comes from where its mark says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from shopbot.tools import Action, Call, Observation, Source, action


class Kind(Enum):
    CHECKUP = "checkup"
    FILLING = "filling"


class Address(BaseModel):
    street: str


@dataclass
class Patient:
    name: str
    born: date


seen: list[Any] = []


@action()
def book(
    call: Call[Any],
    day: date,
    at: datetime | None,
    price: Decimal,
    kind: Kind,
    patient: Patient,
    address: Address,
    teeth: set[int],
    mode: Literal["phone", "visit"] = "visit",
    until: date = date(2030, 1, 1),
) -> Observation:
    """Book a visit."""
    seen[:] = [day, at, price, kind, patient, address, teeth, mode, until]
    return Observation("booked")


WRITTEN = {
    "day": "2026-03-07", "at": "2026-03-07T10:30:00", "price": "12.50", "kind": "checkup",
    "patient": {"name": "Ann", "born": "1980-03-07"}, "address": {"street": "High Street"}, "teeth": [1, 2],
}  # fmt: skip


def as_the_gate_runs_it(chosen: Action, written: dict[str, Any]) -> Any:
    args = chosen.arguments.model_validate(written).model_dump(mode="json")
    return chosen.run(Call(services=None, facts={}, conversation="t", key="k"), **args)


def test_dates_amounts_choices_models_and_dataclasses_arrive_as_such() -> None:
    as_the_gate_runs_it(book, WRITTEN)
    assert seen == [
        date(2026, 3, 7), datetime(2026, 3, 7, 10, 30), Decimal("12.50"), Kind.CHECKUP,
        Patient("Ann", date(1980, 3, 7)), Address(street="High Street"), {1, 2}, "visit", date(2030, 1, 1),
    ]  # fmt: skip


def test_an_action_may_be_async() -> None:
    @action()
    async def wait(call: Call[Any], day: date) -> Observation:
        """Wait."""
        await asyncio.sleep(0)
        return Observation(f"{day:%A}")

    assert asyncio.run(as_the_gate_runs_it(wait, {"day": "2026-03-07"})).text == "Saturday"


def test_a_derived_argument_knows_its_function() -> None:
    def in_words(text: str) -> int | None:
        return {"a pair": 2}.get(text)

    @action()
    def take(call: Call[Any], pieces: Annotated[int, Source.DERIVED(by=in_words)]) -> Observation:
        """Take some."""
        return Observation(str(pieces))

    assert take.sources["pieces"] is Source.DERIVED
    assert take.derived["pieces"].values("a pair") == [2]
    assert take.derived["pieces"].values("a crate") == []


def test_only_derived_takes_a_function() -> None:
    with pytest.raises(TypeError, match=r"only Source.DERIVED\(by=...\) does"):
        Source.USER(by=str)
