"""The scripted engine replays its script, well or badly, and remembers what it was given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from shopbot.engines import EngineError, make_engine
from shopbot.engines.scripted import ScriptedEngine, ScriptEnded


@tool
def look(place: str) -> str:
    """Look somewhere."""
    return place


def test_a_script_in_a_file_is_replayed_step_by_step(tmp_path: Path) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(
        "- say: Hello\n- call: look\n  args: {place: here}\n"
        "- calls: [{call: look, args: {place: a}}, {call: look}]\n- malformed: look\n"
    )
    engine = make_engine(f"script:{file}")
    said, call, calls, malformed = (engine.invoke("go") for _ in range(4))
    assert (said.text, said.tool_calls) == ("Hello", [])
    assert [(c["name"], c["args"]) for c in call.tool_calls] == [("look", {"place": "here"})]
    assert [c["args"] for c in calls.tool_calls] == [{"place": "a"}, {}]
    assert len({c["id"] for c in [*call.tool_calls, *calls.tool_calls]}) == 3
    assert [bad["name"] for bad in malformed.invalid_tool_calls] == ["look"]


def test_a_step_from_python_may_be_a_message_a_failure_or_a_function() -> None:
    engine = ScriptedEngine([AIMessage("one"), OSError("two"), lambda heard: {"say": heard[-1].text}, {"fail": "four"}])
    assert engine.invoke("go").text == "one"
    with pytest.raises(OSError, match="two"):
        engine.invoke("go")
    assert engine.invoke("three").text == "three"
    with pytest.raises(RuntimeError, match="four"):
        engine.invoke("go")


def test_it_remembers_what_it_heard_and_was_offered() -> None:
    engine = ScriptedEngine([{"say": "a"}, {"say": "b"}])
    engine.bind_tools([look]).invoke("first")
    engine.invoke("second")
    assert engine.offered == [("look",), ()]
    assert [heard[-1].text for heard in engine.heard] == ["first", "second"]


def test_a_script_that_is_too_short_says_so() -> None:
    with pytest.raises(ScriptEnded, match="no step left for model call 1"):
        ScriptedEngine([]).invoke("go")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read"),
        (b"say: hello", "no list of steps"),
        (b"- {broken", "cannot be read"),
        (b"- say: \xff", "cannot be read"),
        (b"- hello", "step 1"),
        (b"- say: hello\n- answer: hello", "step 2"),
    ],
)
def test_a_file_that_is_no_script_is_one_sentence(content: bytes | None, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "script.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(EngineError, match=expected):
        make_engine(f"script:{file}")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"cal": "look"}, "Step 2 of the script has the key 'cal': did you mean 'call'?"),
        ({"calls": [{"call": "look", "arg": {}}]}, "'arg': did you mean 'args'?"),
        ({"say": "Hello", "xyz": 1}, "'xyz': the keys are say, call"),
    ],
)
def test_a_key_that_no_step_has_is_named(step: dict[str, object], words: str) -> None:
    with pytest.raises(EngineError, match=re.escape(words)):
        ScriptedEngine([{"say": "Hello"}, step])
