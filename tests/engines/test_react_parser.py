"""Completions as models write them are read rightly, or refused with the right sentence; never guessed at."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.react.complaints import Unreadable
from shopbot.engines.react.fitting import fit_arguments
from shopbot.engines.react.lenient import read_value
from shopbot.engines.react.parser import Completion, read_completion

CORPUS = yaml.safe_load(Path(__file__).with_name("react_completions.yaml").read_text(encoding="utf-8"))
ACTIONS: dict[str, Any] = CORPUS["actions"]
CASES = [
    pytest.param(case, id=f"{group} {number}")
    for group, cases in CORPUS["completions"].items()
    for number, case in enumerate(cases, start=1)
]


def read_back(read: Completion) -> dict[str, Any]:
    """A reading as the corpus writes it."""
    if read.complaints:
        return {"complaint": read.complaints[0].reason}
    if read.calls:
        return {"calls": [{call.name: dict(call.args)} for call in read.calls]}
    return {"answer": read.answer} if read.answer else {"nothing": True}


@pytest.mark.parametrize("case", CASES)
def test_a_completion_is_read_rightly_or_refused(case: dict[str, Any]) -> None:
    read = read_completion(case["text"], ACTIONS)
    expected = {key: value for key, value in case.items() if key not in ("text", "thought", "say")}
    assert read_back(read) == expected
    assert read.aside == case.get("say", "")
    assert "thought" not in case or read.thought == case["thought"]


def test_the_corpus_is_large_and_says_one_thing_of_each() -> None:
    cases = [case for cases in CORPUS["completions"].values() for case in cases]
    assert len(cases) >= 150
    assert len({case["text"] for case in cases}) == len(cases)
    assert all(len({"calls", "answer", "complaint", "nothing"} & set(case)) == 1 for case in cases)


PIECES = st.sampled_from(
    [
        "Thought:", "Action:", "Action Input:", "Observation:", "Final Answer:", "\n", " ", '"', "'", "{", "}", "[",
        "]", "(", ")", ",", ":", "=", "\\", "\\u12", "```", "```json\n", "<tool_call>", "</tool_call>", ">",
        "take_email", "refund", "verify_customer", "order_number", "123", "None", "…", "“", "”", "//", "/*", "#",
        "**", "é", "<function=", "<parameter=email>", "<|im_end|>", "</s>", "Finish[",
        '{"action": "refund", "action_input": ', '"""',
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_nothing_that_a_model_writes_breaks_the_parser(text: str) -> None:
    read = read_completion(text, ACTIONS)
    assert not (read.answer and read.calls)
    assert all(complaint.sentence for complaint in read.complaints)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_no_value_is_read_that_the_completion_does_not_hold(text: str) -> None:
    for call in read_completion(text, ACTIONS).calls:
        for value in call.args.values():
            if isinstance(value, str) and "\\" not in text:
                assert value.strip() in text.replace("\r", "\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), JSON, min_size=1, max_size=3))
def test_valid_json_is_read_as_it_is(args: dict[str, Any]) -> None:
    written = json.dumps(args, ensure_ascii=False)
    value, end = read_value(written)
    assert end == len(written)
    assert fit_arguments(value, {}) == args


@given(st.dictionaries(st.text("abcdef", min_size=1), JSON, min_size=1, max_size=3), st.data())
def test_json_that_stops_early_is_never_completed(args: dict[str, Any], data: st.DataObject) -> None:
    written = json.dumps(args)
    stop = data.draw(st.integers(1, len(written) - 1))
    with pytest.raises(Unreadable):
        read_value(written[:stop])


@pytest.mark.parametrize(
    "piece",
    [
        "Action: refund\nAction Input: {\n", "Thought: a\n", '{"a": "', "'", '" ', '"x" ', "<tool_call>{", "```\n",
        "( ", "[", '{"a":', "<function=refund>", "<parameter=a>", "Action: ", " Action: x", "\n \n", "/*", "// ",
        "a=1,", "`", "Final Answer: x\n", "Action: x Action Input: ", "\\u0041", "<function=refund>  ",
        "<tool_call>  ", "</", "*", "# ", '"""', "Finish[",
    ],
)  # fmt: skip
def test_time_grows_with_the_length_not_its_square(piece: str) -> None:
    """Eight times the text may take no more than some twenty times as long; a square would take sixty-four."""
    long, short = (_fastest(piece * (count // len(piece))) for count in (160_000, 20_000))
    assert long < 20 * short + 0.05


def _fastest(text: str) -> float:
    times = []
    for _ in range(3):
        started = time.process_time()
        read_completion("Thought: x\n" + text, ACTIONS)
        times.append(time.process_time() - started)
    return min(times)
