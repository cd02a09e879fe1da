"""Plays a script and judges it: by what it leaves behind, and by what no reply may tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from after_state import AfterState, MadeReturn, newest_return, read_after_state
from before_state import add_orders
from player import Player, plan_faults, playing
from scripted import End, Script, Seen, Step
from secrets_of_orders import read_secrets

from shopbot.agents.turn import Turn
from shopbot.shop.database.connection import open_database


def play_and_judge(script: Script, folder: Path, monkeypatch: pytest.MonkeyPatch, engine: str = "planner") -> None:
    """Play `script` in the shop of `folder` with `engine`; every turn and the end state must be as it says."""
    monkeypatch.setenv("SHOPBOT_FULFILMENT_WAIT_S", str(script.setup.wait_s))
    plan_faults(script, folder)
    database = open_database(f"sqlite:///{folder / 'shop.db'}")
    try:
        add_orders(database, script.setup.orders)
        before, secrets = newest_return(database), read_secrets(database)
        with playing(folder, engine) as player:
            _play(script, player, secrets)
        after = read_after_state(database, folder, before)
    finally:
        database.dispose()
    _check_end(script.end, after)


def _play(script: Script, player: Player, secrets: frozenset[str]) -> None:
    for place, step in enumerate(script.messages):
        turn = player.take(step)
        if turn is None:
            continue
        _check_turn(step.then, turn)
        if place == len(script.messages) - 1:
            _check_turn(script.last, turn)
        _check_discretion(player.turns[step.thread], step, secrets)
        assert not [word for word in script.never if word.casefold() in turn.reply.casefold()], turn.reply
    if any(wanted.status == "emailed" for wanted in script.end.returns):
        player.wait_until_settled()


def _check_turn(seen: Seen, turn: Turn) -> None:
    done = [action.name for action in turn.actions if action.status == "ok"]
    tried = [action.name for action in turn.actions]
    said = f"{turn.message!r} -> {tried}, awaiting {turn.awaiting!r}: {turn.reply}"
    assert seen.awaiting in ("anything", turn.awaiting), said
    assert not [name for name in seen.did if name not in tried], said
    assert not [name for name in seen.did_not if name in done], said
    assert not [key for key in seen.cites if key not in [citation["key"] for citation in turn.citations]], said
    assert not [words for words in seen.contains if words not in turn.reply], said
    assert not [words for words in seen.lacks if words in turn.reply], said


def _check_discretion(turns: list[Turn], step: Step, secrets: frozenset[str]) -> None:
    """Before the customer of the thread is known, no reply holds what only an order could have told it."""
    if any(action.name == "verify_customer" and action.status == "ok" for turn in turns for action in turn.actions):
        return
    said = " ".join(turn.message for turn in turns).casefold()
    told = [secret for secret in secrets if secret in turns[-1].reply.casefold() and secret not in said]
    assert not told, f"{step.say!r} was answered with {told}: {turns[-1].reply}"


def _check_end(end: End, after: AfterState) -> None:
    expected = sorted((one.order, sorted(one.items.items()), one.refund, one.status) for one in end.returns)
    assert sorted(_comparable(one) for one in after.returns) == expected
    finished = [one.recipient for one in after.returns]
    labels = len(finished) if end.labels is None else end.labels
    letters = sorted(finished if end.letters is None else end.letters)
    assert (after.labels, after.label_files) == (labels, labels)
    assert after.purchases == (labels if end.purchases is None else end.purchases)
    assert (sorted(after.sent), after.unsent) == (letters, [])
    assert sorted(after.letters) == letters
    assert after.letters_with_label == len(letters)
    assert len(after.tickets) == len(end.tickets), after.tickets
    for wanted, (transcript, customer) in zip(end.tickets, after.tickets, strict=True):
        assert not [words for words in wanted.holds if words not in transcript], transcript
        assert (customer is not None) == wanted.customer_known


def _comparable(one: MadeReturn) -> tuple[str, list[tuple[str, int]], int, str]:
    return one.order, sorted(one.items.items()), one.refund, one.status
