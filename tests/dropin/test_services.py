"""Services that depend on the run: a function, a method or a partial gives them; any other object is them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from shopbot.agents import create_agent
from shopbot.testing import Conversation, Script
from shopbot.tools import Call, action


class Desk:
    def of(self, runtime: Any) -> str:
        return "of the run"

    def __call__(self, runtime: Any) -> str:
        return "never called"


DESK = Desk()


@pytest.mark.parametrize(
    ("services", "seen"),
    [
        (DESK.of, "of the run"),
        (partial(Desk.of, DESK), "of the run"),
        (lambda _: "of the run", "of the run"),
        (DESK, DESK),
    ],
)
def test_services_of_a_run(services: Any, seen: Any) -> None:
    found: list[Any] = []

    @action()
    def look(call: Call[Any]) -> str:
        """Look."""
        found.append(call.services)
        return "Seen."

    Conversation(create_agent(Script({"call": "look", "args": {}}, {"say": "Seen."}), [look], services=services)).say(
        "hi"
    )
    assert found == [seen]
