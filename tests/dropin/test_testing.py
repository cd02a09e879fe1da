"""The parts that agents are tested with: each says loudly what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shopbot.testing import (
    Expectation,
    Fault,
    Persona,
    Script,
    ScriptNotFinished,
    SimulatedUser,
    judge,
    load_personas,
    with_faults,
)  # fmt: skip
from shopbot.testing.conversation import Conversation
from shopbot.testing.users import PersonaError
from shopbot.tools import Call, ContractError, Observation, action

pytest_plugins = "pytester"


@action()
def ring(call: Call[list[str]]) -> Observation:
    """Ring the bell."""
    call.services.append("rung")
    return Observation("rung")


def test_steps_that_were_not_played_are_told() -> None:
    with pytest.raises(ScriptNotFinished, match="left 1 steps of its script"):
        Script({"say": "hello"}).check_finished()


@pytest.mark.parametrize(("kind", "done"), [("refuses", 0), ("breaks", 0), ("breaks_after", 1)])
def test_a_fault_happens_before_or_after_the_deed(kind: Any, done: int) -> None:
    rung: list[str] = []
    (faulty,) = with_faults([ring], {"ring": Fault(kind, at=1)})
    call = Call(services=rung, facts={}, conversation="t", key="k")
    with pytest.raises(Exception, match=r"cannot be done now|call 1"):
        faulty.run(call)
    assert len(rung) == done
    assert faulty.run(call).text == "rung"


def test_a_fault_for_an_action_that_is_not_there_is_told() -> None:
    with pytest.raises(ContractError, match="There is no action 'rang' to put a fault into: there are ring"):
        with_faults([ring], {"rang": Fault("breaks")})


def test_a_user_answers_with_a_mistake_first_and_leaves_when_patience_ends() -> None:
    user = SimulatedUser(
        Persona(
            opens="hi", answers={"card": "it is {card}"}, knows={"card": "4711"}, mistakes={"card": "4712"}, patience=2
        )
    )
    asked = {"awaiting": "card"}
    assert [user.open(), user.answer(asked), user.answer(asked), user.answer(asked)] == [
        "hi", "it is 4712", "it is 4711", None,
    ]  # fmt: skip


def test_a_mood_colours_everything_but_a_yes() -> None:
    user = SimulatedUser(Persona(opens="hi", answers={"confirmation": "yes"}, mood="polite"))
    assert (user.open(), user.answer({"awaiting": "confirmation"})) == ("Hello! hi Thank you.", "yes")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ann: {open: hi}", "ann.opens is {'open': 'hi'}: Field required."),
        ("ann: [", "cannot be read: while parsing"),
    ],
)
def test_a_file_of_users_with_a_mistake_is_told(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text(text)
    with pytest.raises(PersonaError) as found:
        load_personas(tmp_path / "users.yaml")
    assert sentence in str(found.value)


def test_a_user_who_says_what_they_do_not_know_is_told() -> None:
    with pytest.raises(PersonaError, match=r"says {card}, which the user does not know"):
        SimulatedUser(Persona(opens="my card is {card}")).open()


def test_a_judge_tells_each_problem_and_the_conversation() -> None:
    talk = Conversation(agent=None)
    talk.state = {"messages": [], "facts": {"card": "1"}}
    verdict = judge(talk, Expectation(facts={"card": "2", "loan": None}, done={"lend": 1}, says=["done"]))
    assert verdict.problems == [
        "The fact 'card' is '1' and should be '2'.",
        "The action 'lend' was done 0 times and should be 1.",
        "No reply says 'done'.",
    ]
    with pytest.raises(AssertionError, match=r"facts: {'card': '1'}"):
        verdict.require()


def test_the_report_of_a_failed_test_shows_its_conversation(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from shopbot import create_agent

        def test_it_greets(script, converse):
            talk = converse(create_agent(script({"say": "Good morning."}), []))
            talk.say("hello")
            assert talk.reply == "Good evening."

        def test_it_says_more(script, converse):
            converse(create_agent(script({"say": "one"}, {"say": "two"}), [])).say("hello")
        """
    )
    result = pytester.runpytest_subprocess("-p", "shopbot.testing.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1, passed=1, errors=1)
    result.stdout.fnmatch_lines(["*- conversation -*", "user:  hello", "agent: Good morning."])
    result.stdout.fnmatch_lines(["*ScriptNotFinished: The agent made 1 model calls and left 1 steps*"])
