"""An unknown order, a wrong address and somebody else's order cannot be told apart by who does not own the order."""

from __future__ import annotations

from pathlib import Path

import pytest
from player import Player, playing
from scripted import Step

from shopbot.agents.turn import Turn


def answer(player: Player, thread: str, number: str, address: str) -> Turn:
    """The reply to a customer who gives a number and an address that do not belong together."""
    player.take(Step(say="I want to return the jeans", thread=thread))
    player.take(Step(say=number, thread=thread))
    turn = player.take(Step(say=address, thread=thread))
    assert turn is not None
    return turn


@pytest.mark.parametrize("words", ["I want to return the jeans from order {}, {}", "where is order {}? my email is {}"])
def test_who_says_all_at_once_learns_nothing_about_an_order(shop_folder: Path, words: str) -> None:
    pairs = [("999999", "maria.lopez@example.com"), ("123456", "nobody@example.net")]
    with playing(shop_folder) as player:
        turns = [player.take(Step(say=words.format(*pair), thread=pair[0])) for pair in pairs]
    told = {(turn.reply, turn.awaiting) for turn in turns if turn}
    assert len(told) == 1


def test_three_kinds_of_mismatch_get_one_answer(shop_folder: Path) -> None:
    with playing(shop_folder) as player:
        unknown = answer(player, "unknown", "999999", "maria.lopez@example.com")
        wrong = answer(player, "wrong", "123456", "maria.lopez@example.net")
        anothers = answer(player, "another", "123456", "maria.lopes@example.org")
    told = {(turn.reply, turn.awaiting, tuple(a.name for a in turn.actions)) for turn in (unknown, wrong, anothers)}
    assert len(told) == 1
    assert unknown.awaiting == "order_number"
