"""Facts about arguments: one spelling on both sides, no two that collide, and only of arguments that are there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.tools import Call, ContractError, Observation, action
from shopbot.tools.facts import named

PAIRS = st.tuples(st.text("a:%3A", max_size=4), st.text("a:%3A", max_size=4))


@given(PAIRS, PAIRS)
def test_facts_of_different_arguments_are_different(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (named("seat:{hall}:{row}", {"hall": hall, "row": row}) for hall, row in (one, other))
    assert (first == second) == (one == other)


def test_a_typed_value_is_spelled_as_the_engine_wrote_it() -> None:
    moment = datetime(2026, 3, 5, 17)
    assert named("free:{slot}", {"slot": moment}) == named("free:{slot}", {"slot": moment.isoformat()})


@pytest.mark.parametrize("fact", ["order:{nope}", "order:{number[0]}", "order:{number"])
def test_a_need_of_an_argument_that_is_not_there_is_a_mistake(fact: str) -> None:
    with pytest.raises(ContractError, match="cancel"):

        @action(needs=(fact,), effect="write")
        def cancel(call: Call[Any], number: str) -> Observation:
            """Cancel."""
            return Observation("Cancelled.")
