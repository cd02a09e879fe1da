"""A run as typed events: nothing is told before it has passed the gate, but what the gate refused."""

from __future__ import annotations

import asyncio
from typing import Any

from bookings import CANCEL, FIND, Bookings
from clinic_steps import BOOK, NOTE, SAID
from clinic_steps import FIND as FIND_PATIENT
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from examples.clinic import Clinic, create_desk
from shopbot.agents.events import Ended, Event, Observed, Planned, Proposed, Refused, Said, aevents, events
from shopbot.testing import Script

THREAD: Any = {"configurable": {"thread_id": "t"}}
INVENTED = {"call": "find_booking", "args": {"number": "B-99"}}
HEARD: Any = {"messages": [HumanMessage("Please cancel my booking B-17.")]}
TOLD: list[Event] = [
    Refused(
        "find_booking",
        "ungrounded",
        "find_booking was called with number = 'B-99', which nobody has said: use only what the customer or an "
        "observation gave, or ask the customer for it.",
    ),
    Proposed("find_booking", {"number": "B-17"}),
    Observed("find_booking", True, '{"number": "B-17", "guest": "jane@example.com"}'),
    Planned(()),
    Said("Shall I cancel booking B-17?"),
    Said("Please answer yes or no."),
    Ended("confirmation"),
]


def told(happened: list[Event]) -> list[Event]:
    """Without plans that hold no step."""
    return [event for event in happened if event != Planned(())]


def test_an_agent_of_langchains_tells_what_happens() -> None:
    agent = Bookings().talk(INVENTED, FIND, CANCEL).agent
    assert told(list(events(agent, HEARD, THREAD))) == told(TOLD)


def test_it_tells_the_same_when_awaited() -> None:
    agent = Bookings().talk(INVENTED, FIND, CANCEL).agent

    async def collect() -> list[Event]:
        return [event async for event in aevents(agent, HEARD, THREAD)]

    assert told(asyncio.run(collect())) == told(TOLD)


def test_the_plan_is_told_as_it_advances() -> None:
    pursue = {"call": "pursue", "args": {"goal": "book_visit"}}
    agent = create_desk(Script(pursue, FIND_PATIENT, NOTE, BOOK), Clinic(), checkpointer=InMemorySaver())
    plans = [event for event in events(agent, {"messages": [HumanMessage(SAID)]}, THREAD) if isinstance(event, Planned)]
    done = [sum(is_done for _, is_done in plan.steps) for plan in plans if plan.steps]
    assert done == sorted(done)
    assert plans[-1].steps == (("find patient", True), ("note treatment", True), ("book visit", False))


def test_what_a_middleware_writes_anew_is_not_told_again() -> None:
    bookings = Bookings()
    summary = SummarizationMiddleware(
        Script(*[{"say": "A summary."}] * 9), trigger=("messages", 5), keep=("messages", 4)
    )
    talk = bookings.talk(FIND, {"say": "Found."}, {"say": "Good day."}, front=[summary])
    list(events(talk.agent, HEARD, THREAD))
    assert told(list(events(talk.agent, {"messages": [HumanMessage("Thanks.")]}, THREAD))) == [
        Said("Good day."),
        Ended(None),
    ]
