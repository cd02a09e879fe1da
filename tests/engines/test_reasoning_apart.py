"""A model's reasoning is kept apart from its reply, wherever the model leaves it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from shopbot.engines.protocol import THOUGHT
from shopbot.engines.reasoning import separate_reasoning, split_reasoning


@pytest.mark.parametrize(
    ("text", "reply", "thought"),
    [
        ("Hello.", "Hello.", ""),
        ("<think>Greet.</think>Hello.", "Hello.", "Greet."),
        ("<think>\nGreet.\n</think>\n\nHello.", "Hello.", "Greet."),
        ("<THINKING>Greet.</THINKING> Hello.", "Hello.", "Greet."),
        ("[THINK]Greet.[/THINK]Hello.", "Hello.", "Greet."),
        ("Well. <think>Greet.</think>Hello.", "Well. Hello.", "Greet."),
        ("<think>a</think>One. <think>b</think>Two.", "One. Two.", "ab"),
        ("Greet first.\n</think>\nHello.", "Hello.", "Greet first."),
        ("Hello.<think>and now I wonder", "Hello.", "and now I wonder"),
        ("<think>I never stop", "", "I never stop"),
        ("<think>a <think>b</think> c</think>Hello.", "Hello.", "a b\n c"),
        ("<think></think>Hello.", "Hello.", ""),
        ("<think>```json\n{}</think>Hello.", "Hello.", "```json\n{}"),
        ("Write `<think>` around it.", "Write `<think>` around it.", ""),
        ("```\n<think>x</think>\n```\nThat is the form.", "```\n<think>x</think>\n```\nThat is the form.", ""),
        ("A stray ` here.\n<think>x</think>Hello.", "A stray ` here.\nHello.", "x"),
        ("<think>the tag `</think>` ends it</think>Hello.", "Hello.", "the tag `</think>` ends it"),
        (
            "<|channel|>analysis<|message|>Greet.<|end|><|start|>assistant<|channel|>final<|message|>Hello.",
            "Hello.",
            None,
        ),
        ("<|channel|>analysis<|message|>Greet", "", None),
        ("1 < 2 and [THIN] lines", "1 < 2 and [THIN] lines", ""),
        ("It costs <b>5</b>", "It costs <b>5</b>", ""),
    ],
)
def test_tags_are_taken_out_of_the_text(text: str, reply: str, thought: str | None) -> None:
    assert split_reasoning(text)[0] == reply
    assert thought is None or split_reasoning(text)[1] == thought
    assert separate_reasoning(AIMessage(text)).text == reply


SAID = {"type": "text", "text": "Hello."}
SUMMARY = [{"type": "summary_text", "text": "A."}, {"type": "summary_text", "text": "B."}]


@pytest.mark.parametrize(
    ("message", "thought"),
    [
        (AIMessage("Hello.", additional_kwargs={"reasoning_content": "Greet."}), "Greet."),
        (AIMessage("Hello.", additional_kwargs={"reasoning": "Greet."}), "Greet."),
        (AIMessage("Hello.", additional_kwargs={"reasoning": {"summary": SUMMARY}}), "A.\nB."),
        (AIMessage([{"type": "reasoning", "reasoning": "Greet."}, SAID]), "Greet."),
        (AIMessage([{"type": "thinking", "thinking": "Greet.", "signature": "x"}, SAID]), "Greet."),
        (AIMessage([{"type": "reasoning", "summary": SUMMARY}, SAID]), "A.\nB."),
        (AIMessage([{"type": "text", "text": "<think>Greet.</think>Hello."}]), "Greet."),
        (AIMessage(["<think>Greet.</think>", "Hello."]), "Greet."),
        (AIMessage("<think>Two.</think>Hello.", additional_kwargs={"reasoning_content": "One."}), "One.\nTwo."),
    ],
)
def test_reasoning_is_found_wherever_a_provider_leaves_it(message: AIMessage, thought: str) -> None:
    apart = separate_reasoning(message)
    assert apart.text == "Hello."
    assert apart.additional_kwargs[THOUGHT] == thought
    assert "reasoning" not in apart.additional_kwargs


def test_a_block_that_its_provider_wants_back_stays_in_the_content() -> None:
    block = {"type": "thinking", "thinking": "Greet.", "signature": "x"}
    assert separate_reasoning(AIMessage([block, {"type": "text", "text": "Hello."}])).content[0] == block


def test_an_answer_without_reasoning_is_left_alone_and_a_call_keeps_its_arguments() -> None:
    plain = AIMessage("Hello.", id="1")
    assert separate_reasoning(plain) is plain
    call: Any = {"name": "look", "args": {"place": "<think>"}, "id": "1", "type": "tool_call"}
    apart = separate_reasoning(AIMessage("<think>Look.</think>", tool_calls=[call]))
    assert (apart.text, apart.tool_calls) == ("", [call])


PIECES = ["<think>", "</think>", "`", "```", "\n", "<", "<th", "[THINK]", "[/THINK]", "a ", "é", "<b>"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(TEXTS)
def test_nothing_but_tags_is_lost(text: str) -> None:
    reply, thought = split_reasoning(text)
    assert text.count("é") == (reply + thought).count("é")
