"""Recorded decisions are read from any known form, bad lines are told by number, and conversations stay whole."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.recording.trace_format import Trace, TraceError, to_line
from shopbot.optimize.traces.reading import actions_of, read_decisions, split

ROW: dict[str, Any] = {
    "dialog_id": 7,
    "history": [["User", "Book it"], ["Wizard", '[QUERY] Name = "Inn" ; RequestType = "Book"']],
    "action": "query_book",
    "constraints": [{"Name": 'api.is_equal_to("Inn")'}, {"Guests": "3"}, {"Price": "api.is_at_most(9)"}],
}


def make_trace(conversation: str = "c", choice: str | None = "look") -> Trace:
    """A decision with nothing special about it."""
    return Trace(conversation=conversation, turn=1, context=(("User", "hello"),), allowed=(), choice=choice)


def test_traces_come_back_as_they_were_written_plain_and_compressed(tmp_path: Path) -> None:
    traces = [make_trace("a"), make_trace("b", None)]
    text = "\n".join(to_line(trace) for trace in traces)
    (tmp_path / "t.jsonl").write_text(text)
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("t.jsonl", "t.jsonl.gz"):
        assert read_decisions(tmp_path / name).traces == traces
    assert actions_of(traces) == ["", "look"]


def test_a_bad_line_is_reported_by_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text("\n".join([to_line(make_trace()), "{broken", json.dumps({**ROW, "history": "no list"})]))
    recorded = read_decisions(file)
    assert len(recorded.traces) == 1
    assert [f"line {number}" in fault for number, fault in zip((2, 3), recorded.faults, strict=True)] == [True, True]


def test_a_refused_choice_is_counted_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(f"{to_line(make_trace())}\n{to_line(replace(make_trace(), outcome='refused'))}")
    recorded = read_decisions(file)
    assert (len(recorded.traces), recorded.refused) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{}", b"\xff\xfe", b"[1, 2]"])
def test_a_file_without_a_decision_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_bytes(content)
    with pytest.raises(TraceError, match=r"t\.jsonl"):
        read_decisions(file)


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl.gz"
    file.write_bytes(gzip.compress(b"x" * 1000)[:20])
    with pytest.raises(TraceError, match="cannot be read"):
        read_decisions(file)


def test_a_row_of_star_becomes_a_trace(tmp_path: Path) -> None:
    later = {**ROW, "history": [*ROW["history"], ["Wizard", "Booked."], ["User", "Thanks"]], "action": "goodbye"}
    file = tmp_path / "star.jsonl"
    file.write_text(f"{json.dumps(ROW)}\n{json.dumps(later)}")
    first, second = read_decisions(file).traces
    assert first.context == (
        ("User", "Book it"),
        ("Agent", '[ACTION] query_book {"Name": "Inn", "RequestType": "Book"}'),
    )
    assert first.args == {"Name": "Inn", "Guests": 3, "Price": "api.is_at_most(9)"}
    assert (first.choice, first.reply, first.turn) == ("query_book", "Booked.", 1)
    assert (second.choice, second.reply, second.turn) == ("goodbye", "", 2)
    assert [action.name for action in first.allowed] == ["goodbye", "query_book"]


def test_the_public_set_is_read_without_a_fault(external_data: Path) -> None:
    recorded = read_decisions(external_data / "star" / "nap_happy_train.jsonl.gz")
    assert (len(recorded.traces), len(actions_of(recorded.traces)), recorded.faults) == (17_801, 165, [])


@given(names=st.lists(st.text(max_size=5)), share=st.floats(0, 1), seed=st.integers(0, 9))
def test_no_conversation_is_on_both_sides_of_a_split(names: list[str], share: float, seed: int) -> None:
    traces = [make_trace(name) for name in names]
    kept, away = split(traces, share, seed)
    assert len(kept) + len(away) == len(traces)
    assert not {trace.conversation for trace in kept} & {trace.conversation for trace in away}


def test_a_conversation_stays_on_its_side_when_others_are_added() -> None:
    some = [make_trace(str(number)) for number in range(50)]
    more = [*some, *(make_trace(f"new {number}") for number in range(50))]
    away = {trace.conversation for trace in split(some, 0.3)[1]}
    assert away == {trace.conversation for trace in split(more, 0.3)[1] if not trace.conversation.startswith("new")}
    assert 5 < len(away) < 25
