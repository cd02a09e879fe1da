"""The plan walks: what is certain is done without asking the engine; whatever is left to decide is the engine's."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, ToolCall

from shopbot.agents import create_agent
from shopbot.agents.turn import read_turn
from shopbot.engines import ScriptedEngine
from shopbot.tools.action import ActionError, Call, Observation, Source, action


@action(gives=("number",), awaiting="number")
def take_number(call: Call[Any], number: Annotated[str, Source.USER]) -> Observation:
    """Note the number."""
    return Observation("Noted.", facts={"number": number})


@action(needs=("number",), gives=("record",))
def look_up(call: Call[Any]) -> Observation:
    """Look the record up."""
    if call.facts["number"] == "000":
        raise ActionError("There is no such record.")
    return Observation("Found.", facts={"record": "a record"})


@action(needs=("record",), gives=("report",), goal=True)
def report(call: Call[Any]) -> Observation:
    """Report on the record."""
    return Observation("All is well.", facts={"report": True})


@action(needs=("record",), effect="write", goal=True)
def close_record(call: Call[Any]) -> Observation:
    """Close the record."""
    return Observation("Closed.")


def calls(name: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=f"{name}-1", type="tool_call")])


def turn(walk: bool, *script: AIMessage, words: str = "Report on 123") -> Any:
    engine = ScriptedEngine(steps=list(script))
    agent = create_agent(engine, [take_number, look_up, report, close_record], walk=walk)
    state = agent.invoke({"messages": [{"role": "user", "content": words}]})
    return [one.name for one in read_turn(state).actions], state["spent"]["turn"]["calls"]


def test_certain_steps_cost_no_call_of_the_engine() -> None:
    begin = [calls("pursue", goal="report"), calls("take_number", number="123")]
    steps = ["pursue", "take_number", "look_up", "report"]
    assert turn(True, *begin, AIMessage("All is well.")) == (steps, 3)
    assert turn(False, *begin, calls("look_up"), calls("report"), AIMessage("All is well.")) == (steps, 5)


def test_a_write_is_the_engines_to_propose() -> None:
    begin = [calls("pursue", goal="close_record"), calls("take_number", number="123")]
    assert turn(True, *begin, AIMessage("Shall I close it?")) == (["pursue", "take_number", "look_up"], 3)


def test_nothing_is_walked_before_the_engine_has_read_the_message() -> None:
    assert turn(True, AIMessage("Which number?"), words="Hello") == ([], 1)


@pytest.mark.parametrize("words", ["Report on 000"])
def test_after_a_failure_the_engine_decides(words: str) -> None:
    begin = [calls("pursue", goal="report"), calls("take_number", number="000")]
    assert turn(True, *begin, AIMessage("There is none."), words=words) == (["pursue", "take_number", "look_up"], 3)
