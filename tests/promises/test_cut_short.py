"""What a customer can and cannot have read when a turn was cut short, crossed by another, or failed after its deed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacked_shop import MARIA, ORDER, OpenShop
from langchain_core.messages import HumanMessage

from shopbot.shop.settings import load_settings
from tests.promises.machine import ShopMachine, machine_in
from tests.promises.machine_shop import World, open_world

OPENING = f"I'd like to return the jeans from order {ORDER}, my e-mail is {MARIA}"
MOMENTS = [("killed", moment) for moment in range(15, 31)] + [
    *(("failing", moment) for moment in (17, 20, 27)),
    *(("cancelled", moment) for moment in (18, 25, 27)),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An open shop."""
    with open_world(load_settings(data=tmp_path_factory.mktemp("shop"))) as opened:
        yield opened


@pytest.fixture
def machine(world: World, caplog: pytest.LogCaptureFixture) -> Iterator[ShopMachine]:
    """The state machine, played by hand: after every step its oracle looks at everything."""
    caplog.set_level(logging.CRITICAL)
    played = machine_in(world)()
    played.open(wait=20.0, dice=1)
    yield played
    played.teardown()


def test_a_second_click_does_not_answer_the_question_that_the_first_one_led_to(machine: ShopMachine) -> None:
    machine.ask_for_a_return(c=0, order=0, items="the {0}", manner=("plain", 0))
    machine.not_agree(c=0, words="no", manner=("plain", 0))
    machine.agree_to_whatever_it_was(c=0, yes="go ahead", manner=("twice", 0))
    assert machine.effects["returns"] == 0


@pytest.mark.parametrize(("how", "moment"), MOMENTS)
def test_a_write_is_told_of_whenever_its_turn_is_cut_short(machine: ShopMachine, how: str, moment: int) -> None:
    machine.ask_for_a_return(c=0, order=0, items="the {0}", manner=("plain", 0))
    machine.agree(c=0, order=0, yes="yes", manner=(how, moment))
    machine.not_agree(c=0, words="no", manner=("plain", 0))


def test_a_resume_loses_no_message_that_died_before_it_was_in_a_checkpoint(machine: ShopMachine) -> None:
    machine.agree_to_whatever_it_was(c=0, yes="yes", manner=("plain", 0))
    machine.agree_to_whatever_it_was(c=0, yes="go ahead", manner=("killed", 4))
    machine.resume(c=0)
    machine.say_something_else(c=0, words="hello", manner=("plain", 0))


def test_dropping_one_return_does_not_deny_another(machine: ShopMachine) -> None:
    machine.ask_for_a_return(c=0, order=0, items="the {0}", manner=("plain", 0))
    machine.agree(c=0, order=0, yes="yes", manner=("plain", 0))
    machine.ask_for_a_return(c=0, order=0, items="one {1}", manner=("plain", 0))
    machine.not_agree(c=0, words="never mind", manner=("plain", 0))
    assert machine.effects["returns"] == 1


def test_a_question_that_was_never_sent_cannot_be_answered(shop: OpenShop, data_folder: Path) -> None:
    shop.say(OPENING)
    asked = shop.agent.get_state({"configurable": {"thread_id": "chat"}}).values["messages"][0]
    # As a process leaves it that dies before the reply has left.
    shop.agent.journal.receive("chat", [HumanMessage(asked.text, id=asked.id)])
    assert shop.say("yes").awaiting == "confirmation"
    assert shop.made() == 0
    shop.say("yes")
    assert shop.made() == 1
