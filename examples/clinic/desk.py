"""The desk's actions, and the agent that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Annotated, Any

from shopbot import create_agent
from shopbot.tools import Action, ActionError, Call, Observation, Source, action


class Treatment(Enum):
    """What a visit is for."""

    CHECKUP = "checkup"
    FILLING = "filling"


@dataclass
class Clinic:
    """The clinic's own records: patients by name with their day of birth, and the visits booked."""

    patients: dict[str, date] = field(default_factory=lambda: {"Ann Lee": date(1980, 3, 7)})
    visits: list[tuple[str, date, Treatment]] = field(default_factory=list)


@action(gives=("patient",), awaiting="name")
def find_patient(
    call: Call[Clinic], name: Annotated[str, Source.USER], born: Annotated[date, Source.USER]
) -> Observation:
    """Find a patient by name and day of birth."""
    if call.services.patients.get(name) != born:
        raise ActionError(f"There is no patient {name} born on {born:%d %B %Y}.")
    return Observation(f"{name} is a patient here.", facts={"patient": name})


@action(gives=("treatment",), awaiting="treatment")
def note_treatment(call: Call[Clinic], treatment: Treatment) -> Observation:
    """Note what the visit is for."""
    return Observation(f"{treatment.name.capitalize()} noted.", facts={"treatment": treatment.value})


@action(
    needs=("patient", "treatment"),
    gives=("visit",),
    effect="write",
    confirm="Shall I book a {facts.treatment} for {facts.patient} on {args.day}? Please answer yes or no.",
    goal=True,
)
def book_visit(call: Call[Clinic], day: Annotated[date, Source.USER]) -> Observation:
    """Book a visit on a day that the patient named."""
    treatment = Treatment(call.facts["treatment"])
    call.services.visits.append((call.facts["patient"], day, treatment))
    return Observation(f"Booked for {day:%d %B %Y}.", facts={"visit": f"V-{len(call.services.visits)}"})


ACTIONS: list[Action] = [find_patient, note_treatment, book_visit]


def create_desk(engine: Any, clinic: Clinic, actions: Sequence[Action] = ACTIONS, **options: Any) -> Any:
    """The desk's agent over a clinic."""
    return create_agent(engine, actions, "You are the desk of a dental clinic.", services=clinic, **options)
