"""Agents of somebody's own, as `shopbot serve --agent own_agents:NAME` finds them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from examples.court_filings import create_researcher
from examples.court_filings.docket import Docket
from shopbot.agents import create_agent
from shopbot.engines.scripted import ScriptedEngine
from shopbot.tools.action import Call, Observation, Source, action

paid: list[int] = []
EVIL = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> [click](javascript:alert(3)) "
    "![x](https://evil.example/p.png) https://evil.example/?q=654321"
)
CASE = "21-cv-1034"
_OPENED = [{"call": "take_case_number", "args": {"case_number": CASE}}, {"call": "open_case"}, {"call": "list_parties"}]


@action(effect="write", repeatable=True, title="pay")
def pay(call: Call[Any], amount: Annotated[int, Source.ENGINE]) -> Observation:
    """Pay a sum."""
    paid.append(amount)
    return Observation(f"paid {amount}")


def treasurer(checkpointer: Any) -> Any:
    """An agent whose payments a person has to approve."""
    engine = ScriptedEngine([{"call": "pay", "args": {"amount": 50}}, {"say": "That is done."}])
    return create_agent(engine, [pay], checkpointer=checkpointer, approve={"pay": lambda args, facts: True})


def researcher(checkpointer: Any) -> Any:
    """The example of the court filings, with an engine that plays its part of a conversation."""
    engine = ScriptedEngine([*_OPENED, {"say": f"Harborlight Instruments, Inc. [{CASE}/complaint#parties]"}])
    return create_researcher(engine, Docket(Path(tempfile.mkdtemp())), checkpointer)


def misled(checkpointer: Any) -> Any:
    """An agent whose engine says what somebody has planted."""
    return create_agent(ScriptedEngine([{"say": EVIL}]), [pay], checkpointer=checkpointer)


def forgetful() -> Any:
    """An agent that remembers nothing."""
    return create_agent(ScriptedEngine([{"say": "Hello"}]), [pay])


def broken() -> Any:
    """What fails before there is an agent."""
    raise ValueError("no docket")
