"""A sum that does not use every number of its question is not said with confidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attacked_shop import Clock, OpenShop, opened

from shopbot.shop.settings import load_settings


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    folder: Path = tmp_path_factory.mktemp("shop")
    with opened(load_settings(data=folder), Clock()) as one:
        yield one


@pytest.mark.parametrize(
    ("question", "right", "half"),
    [
        ("If I send back 2 shirts at 24.99 each and one hat for 18, how much do I get?", "67.98", "49.98"),
        ("I bought 3 mugs at 12.50 each and two plates for 9 each, what is that together?", "55.5", "37.5"),
        ("How much are a scarf for 30, a cap for 15 and 2 belts at 20 each?", "85", "40"),
    ],
)
def test_a_sum_is_whole_or_asked_back(open_shop: OpenShop, question: str, right: str, half: str) -> None:
    reply = open_shop.say(question, question).reply
    assert half not in reply or right in reply
