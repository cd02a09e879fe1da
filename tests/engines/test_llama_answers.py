"""Decoded text read back: thought, calls and reply; what is broken is said to be broken."""

from __future__ import annotations

from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.llama.answers import read_answer, reply_so_far, without_thought
from shopbot.engines.llama.runtime import share_of
from shopbot.engines.llama.work import Wanted

CALL = '<tool_call>\n{"name": "look", "arguments": {"place": "here"}}\n</tool_call>'


def test_a_thought_and_two_calls() -> None:
    answer = read_answer(f"<think>I must look.</think>\n{CALL}\n{CALL}")
    assert (answer.thought, answer.reply) == ("I must look.", "")
    assert [(call["name"], call["args"]) for call in answer.calls] == [("look", {"place": "here"})] * 2
    assert len({call["id"] for call in answer.calls}) == 2


def test_a_tag_inside_an_argument_is_part_of_it() -> None:
    answer = read_answer(CALL.replace("here", "</tool_call> <tool_call>"))
    assert [call["args"] for call in answer.calls] == [{"place": "</tool_call> <tool_call>"}]


@pytest.mark.parametrize(
    "body",
    ['{"name": "look", "arguments": {"pla', '{"name": "look", "arguments": 3}', '{"name": 1, "arguments": {}}', "look"],
)
def test_a_call_that_is_none_is_broken(body: str) -> None:
    answer = read_answer(f"<tool_call>\n{body}\n</tool_call>")
    assert not answer.calls
    assert not answer.reply
    assert len(answer.broken) == 1


MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>", CALL, '{"name": "look"', '"arguments": {}}', " ")


@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=5)).map("".join))
def test_any_text_is_read_into_parts_of_which_none_is_lost_or_made_up(text: str) -> None:
    answer = read_answer(text)
    assert answer.reply in text
    assert answer.thought in text
    assert "<tool_call>" not in answer.reply
    assert len(answer.calls) + len(answer.broken) <= text.count("<tool_call>")
    if not text.lstrip().startswith("<think>"):
        assert bool(answer.calls or answer.broken) == ("<tool_call>" in text)
        assert answer.reply == text.partition("<tool_call>")[0].strip()


@given(st.sampled_from(["", "<think>why</think>\n"]), st.text(alphabet=st.characters(exclude_characters="<")))
def test_what_is_shown_early_is_the_reply(thought: str, reply: str) -> None:
    whole = thought + reply
    shown = ""
    for end in range(len(whole) + 1):
        sure = reply_so_far(whole[:end])
        assert sure.startswith(shown) or not shown
        shown = sure
    assert shown.strip() == reply.strip()


def test_neither_thought_nor_call_is_ever_shown() -> None:
    text = f"<think>secret</think>\n{CALL}"
    assert {reply_so_far(text[:end]) for end in range(len(text) + 1)} == {""}


@pytest.mark.parametrize(
    ("text", "left"), [("<think>not yet", None), ("<think>now</think>\nHello", "Hello"), ("Hi", "Hi")]
)
def test_an_answer_without_its_thought(text: str, left: str | None) -> None:
    assert without_thought(text) == left


def chosen(token: str, **likely: float) -> dict[str, Any]:
    told = [{"token": text, "logprob": log(share)} for text, share in likely.items()]
    own = next(one for one in told if one["token"] == token)
    return {"logprobs": {"content": [{**own, "top_logprobs": told}]}}


def test_a_decision_is_as_sure_as_its_token_among_those_that_an_alternative_goes_on_with() -> None:
    wanted = Wanted("", None, 1, alternatives=["return", "rules", "stop"])
    assert share_of("", chosen("re", re=0.3, st=0.1, xx=0.6), wanted) == pytest.approx(0.75)
    assert share_of("re", chosen("turn", turn=0.2, st=0.1), wanted) == 1.0  # nothing else is left
    assert share_of("return", chosen("turn", turn=0.2), wanted) == 1.0


def test_whether_it_calls_or_replies_is_weighed_as_a_whole() -> None:
    wanted = Wanted("", None, 1, alternatives=["<a", "<b"], open=True)
    assert share_of("", chosen("<", **{"<": 0.7, "He": 0.2}), wanted) == pytest.approx(0.7)
    assert share_of("", chosen("He", **{"<": 0.7, "He": 0.2}), wanted) == pytest.approx(0.3)
    assert share_of(None, chosen("He", He=0.2), wanted) == 1.0
