"""How a clinic tests its desk in CI, without a key: a script, faults, simulated patients, a judge."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from clinic_steps import BOOK, FIND, NOTE, SAID
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver

import examples.clinic
from examples.clinic import ACTIONS, Clinic, create_desk
from examples.clinic.desk import Treatment
from shopbot.engines.protocol import read_briefing
from shopbot.testing import Expectation, Fault, Script, ScriptRanOut, judge, load_personas, play, with_faults

PATIENTS = load_personas(Path(examples.clinic.__file__).with_name("users.yaml"))


def test_a_visit_is_booked_after_a_yes(desk: Callable[..., Any], clinic: Clinic) -> None:
    talk = desk(FIND, NOTE, BOOK, BOOK, {"say": "See you then."})
    talk.say(SAID)
    assert talk.reply == "Shall I book a checkup for Ann Lee on 2026-12-01? Please answer yes or no."
    assert clinic.visits == []
    talk.say("yes")
    assert clinic.visits == [("Ann Lee", date(2026, 12, 1), Treatment.CHECKUP)]


def test_a_day_of_birth_that_nobody_said_is_refused(desk: Callable[..., Any]) -> None:
    invented = {"call": "find_patient", "args": {"name": "Ann Lee", "born": "1980-07-03"}}
    talk = desk(invented, {"say": "When were you born?"})
    talk.say("I'm Ann Lee, born 7 March 1980.")
    judge(talk, Expectation(facts={"patient": None}, never=["find_patient"])).require()


@pytest.mark.parametrize("kind", ["breaks", "breaks_after"])
def test_a_fault_of_the_records_never_books_twice(kind: Any, desk: Callable[..., Any], clinic: Clinic) -> None:
    talk = desk(
        FIND, NOTE, BOOK, BOOK, {"say": "I could not book it for certain."},
        actions=with_faults(ACTIONS, {"book_visit": Fault(kind, at=1)}),
    )  # fmt: skip
    talk.say(SAID)
    talk.say("yes")
    assert len(clinic.visits) == (1 if kind == "breaks_after" else 0)


class Receptionist:
    """Stands in for a model: it does what comes next, and asks for what is missing."""

    def __call__(self, messages: list[BaseMessage]) -> dict[str, Any]:
        words = [m.text for m in messages if isinstance(m, HumanMessage)]
        facts = read_briefing([m for m in messages if isinstance(m, SystemMessage)])["facts"]
        named = re.search(r"I'm ([\w ]+), born", words[-1])
        if "visit" in facts:
            return {"say": "See you then."}
        if "goals" not in facts:
            return {"call": "pursue", "args": {"goal": "book_visit"}}
        if "treatment" not in facts:
            return NOTE
        if "patient" in facts:
            return BOOK
        refused = messages[-1].type == "tool" and messages[-1].status == "error"  # type: ignore[attr-defined]
        if named is None or refused:
            return {"say": "What is your name, and when were you born?"}
        return {"call": "find_patient", "args": {"name": named[1], "born": "1980-03-07"}}


@pytest.mark.parametrize("name", PATIENTS)
def test_simulated_patients_get_what_they_came_for(name: str, clinic: Clinic) -> None:
    person = PATIENTS[name].model_copy(update={"opens": "A checkup on 1 December 2026, please."})
    engine = Script(*[Receptionist()] * 40)
    talk = play(create_desk(engine, clinic, checkpointer=InMemorySaver()), person)
    judge(talk, person.expects).require()


def test_a_script_that_runs_out_fails_the_test() -> None:
    agent = create_desk(Script(FIND), Clinic())
    with pytest.raises(ScriptRanOut, match="no step for model call 2"):
        agent.invoke({"messages": [("user", SAID)]})
