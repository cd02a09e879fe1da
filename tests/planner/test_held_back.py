"""Training says no sentence that a wording kept for dev or test can say."""

from __future__ import annotations

import random

import pytest

from shopbot.optimize.shopbot.conversations.grammar import Piece, expand, expand_unless
from shopbot.optimize.shopbot.conversations.held_back import is_held_back, readings
from shopbot.optimize.shopbot.conversations.phrasebook import load_phrasebook


def slot(name: str, rng: random.Random) -> list[Piece]:
    return [Piece(f"<{name}>")]


@pytest.mark.parametrize("template", ["a (b|c [d|]) {item}", "(yes|no|)[ please]", "plain", "(a|(b|c) (d|e)) f"])
def test_readings_are_all_that_a_template_says(template: str) -> None:
    rng = random.Random(1)
    drawn = {"".join(piece.text for piece in expand(template, rng, slot)) for _ in range(400)}
    assert set(readings(template)) == drawn


def test_what_a_held_back_wording_says_is_known() -> None:
    family = load_phrasebook().families["cancel"]
    wording = next(each for each in family.wordings["test"] if each not in family.wordings["train"])
    assert is_held_back(next(readings(wording)).upper() + "!")


def test_training_draws_nothing_that_is_held_back() -> None:
    rng = random.Random(2)
    drawn = [
        expand_unless(template, rng, slot, is_held_back)
        for family in load_phrasebook().families.values()
        for template in family.wordings["train"][::5]
    ]
    said = ["".join(piece.text for piece in pieces) for pieces in drawn if pieces is not None]
    assert len(said) > 500
    assert not [each for each in said if is_held_back(each)]


def test_what_customers_say_most_is_learned() -> None:
    core = [wording for family in load_phrasebook().families.values() for wording in family.core]
    assert len(core) > 50
    assert not [each for each in core if is_held_back(next(readings(each)))]
