"""A trace is one line of JSON and comes back as it was; anything else is named with its place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.recording.trace_format import (
    AllowedAction,
    Trace,
    TraceError,
    from_line,
    read_traces,
    to_line,
    write_action,
)

words = st.text(max_size=20)
json_values = st.recursive(st.none() | st.booleans() | st.integers() | words, lambda inner: st.lists(inner, max_size=3))
objects = st.dictionaries(words, json_values, max_size=3)
speakers = st.sampled_from(["User", "Agent", "Observation"])
traces = st.builds(
    Trace,
    conversation=words,
    turn=st.integers(1, 99),
    context=st.lists(st.tuples(speakers, words), max_size=4).map(tuple),
    allowed=st.lists(st.builds(AllowedAction, words, words, objects), max_size=3).map(tuple),
    choice=st.none() | words,
    args=objects,
    reply=words,
    score=st.none() | st.floats(0, 1),
    scores=st.none() | st.dictionaries(words, st.floats(0, 1), max_size=3),
    engine=words,
    outcome=st.sampled_from(["accepted", "refused", "failed", "replied"]),
    time=words,
)
GOOD: dict[str, Any] = json.loads(to_line(Trace("c", 1, (("User", "hi"),), (), None)))


@given(traces)
def test_a_trace_comes_back_as_it_was(trace: Trace) -> None:
    line = to_line(trace)
    assert "\n" not in line
    assert from_line(line) == trace


def test_unknown_scores_are_left_out() -> None:
    assert "scores" not in GOOD


@pytest.mark.parametrize(
    "fault",
    [
        {"turn": "1"},
        {"turn": True},
        {"choice": 3},
        {"args": []},
        {"outcome": "fine"},
        {"score": "high"},
        {"context": [["Customer", "hi"]]},
        {"context": [["User"]]},
        {"context": [["User", 3]]},
        {"allowed": [{"nom": "x"}]},
        {"more": 1},
    ],
)
def test_what_does_not_fit_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(TraceError, match=r"is no trace \(.*\): see the fields of a trace\.$"):
        from_line(json.dumps({**GOOD, **fault}))


@pytest.mark.parametrize("line", ["", "{", "[]", '"x"', "null"])
def test_what_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(TraceError, match="give one trace a line"):
        from_line(line)


def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps(GOOD) + "\n\n{\n")
    with pytest.raises(TraceError, match=r"some\.jsonl\.gz, line 3: '\{\\n' is not JSON"):
        list(read_traces(path))


def test_an_action_in_a_context() -> None:
    assert write_action("take_email", {"email": "é@b.de"}) == '[ACTION] take_email {"email": "é@b.de"}'
