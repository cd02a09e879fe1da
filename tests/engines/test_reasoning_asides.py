"""Reasoning in brackets, in blocks of code of that name and between dots, and the label of who speaks."""

from __future__ import annotations

import pytest

from shopbot.engines.dialects.reader import is_plain, read_text
from shopbot.engines.reasoning import split_reasoning

REPLY = "The label is on its way."
ASIDES = [
    "(Thinking: they want it back)\n",
    "[Internal: they want it back] ",
    "*thinks: they want it back*\n",
    "**Reasoning: they want it back**\n\n",
    "```thinking\nthey want it back\n```\n",
    "~~~ reasoning\nthey want it back\n~~~\n",
    "Thinking...\nthey want it back\n...done thinking.\n\n",
]
HONEST = [
    "(Note: the fee is $5.)",
    "[Return policy](https://example.com): 30 days.",
    "**Refund: $19.99**",
    "```python\nprint(5)\n```",
    "I am thinking of the blue one... and you?",
    "Reason: final sale.",
    "**Thoughtful gifts: mugs**",
    "Answer: yes, it can.",
    "Line one<br/>line two",
]
ACTIONS = {"note": {"type": "object", "properties": {"amount": {"type": "integer"}}}}


@pytest.mark.parametrize("aside", ASIDES)
def test_what_stands_aside_is_no_part_of_the_reply(aside: str) -> None:
    assert split_reasoning(aside + REPLY) == (REPLY, "they want it back")


@pytest.mark.parametrize("label", ["Assistant: ", "**Model:** ", "Final answer: "])
def test_who_speaks_is_no_part_of_the_reply(label: str) -> None:
    assert split_reasoning(label + REPLY) == (REPLY, "")


@pytest.mark.parametrize("text", HONEST)
def test_what_only_resembles_it_is_shown(text: str) -> None:
    assert split_reasoning(text) == (text, "")
    assert is_plain(text, ACTIONS)


@pytest.mark.parametrize("text", ["Action: note[5]", "Action: note(amount=5)", "**Tool:** `note(5)`"])
def test_a_labelled_action_with_brackets_is_a_call(text: str) -> None:
    shapes = read_text(text, ACTIONS).shapes
    assert [(shape.name, shape.args) for shape in shapes] == [("note", {"amount": 5})]


@pytest.mark.parametrize("text", ['<send_mail to="x"/>', '{"action": "send_mail", "action_input": "x"}'])
def test_a_call_of_what_nobody_has_is_no_reply(text: str) -> None:
    found = read_text(text, ACTIONS)
    assert found.shapes
    assert not found.aside
