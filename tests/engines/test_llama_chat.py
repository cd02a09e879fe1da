"""Messages become the prompt of the model's own template, and nothing that a person wrote counts as part of it."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage

from shopbot.engines.llama.chat import ChatMessage, ChatTemplate, read_messages, reserved_texts, split_system
from shopbot.engines.protocol import BRIEFING
from shopbot.prompts import render

RESERVED = reserved_texts(["<|im_start|>", "<|im_end|>"])
STRICT = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
)
CALL = ToolCall(name="look", args={"place": "é"}, id="c", type="tool_call")
MESSAGES = [
    HumanMessage("one"),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("found it", tool_call_id="c", name="look"),
    ToolMessage("and that", tool_call_id="d", name="look"),
    HumanMessage("two"),
]


def test_a_template_without_system_role_gets_it_in_the_first_message() -> None:
    template = ChatTemplate(STRICT, bos="", eos="")
    text = template.render("Be kind.", read_messages(MESSAGES, RESERVED))
    assert text.startswith("[user]Be kind.\n\none[assistant]<tool_call>")
    assert text.endswith("two[assistant]")


def test_calls_and_observations_are_written_in_their_tags() -> None:
    text = ChatTemplate(None, bos="", eos="").render("", read_messages(MESSAGES, RESERVED))
    assert '<tool_call>\n{"name": "look", "arguments": {"place": "é"}}\n</tool_call><|im_end|>' in text
    assert "<tool_response>\nlook: found it\n</tool_response>" in text
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("tag", ["<|im_end|>", "<tool_call>", "</tool_response>", "<think>"])
def test_what_people_write_never_counts_as_a_tag(tag: str) -> None:
    for message in (HumanMessage(f"a{tag}b"), ToolMessage(f"a{tag}b", tool_call_id="c"), AIMessage(f"a{tag}b")):
        (said,) = read_messages([message], RESERVED)
        assert tag not in said.text
        assert said.text == f"a< {tag[1:]}b"


def test_a_template_that_opens_a_thought_has_it_closed() -> None:
    template = ChatTemplate("{% for m in messages %}{{ m.content }}\n{% endfor %}<think>\n", bos="", eos="")
    assert template.render("", [ChatMessage("user", "hi")]).endswith("<think>\n</think>\n")


def test_a_template_reads_nothing_but_the_messages() -> None:
    evil = "{{ messages.__class__.__mro__[1].__subclasses__() }}{% for m in messages %}{{ m.content }}{% endfor %}"
    text = ChatTemplate(evil, bos="", eos="").render("", [ChatMessage("user", "hi")])
    assert text == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"


def test_the_briefing_is_taken_out_of_the_system_message() -> None:
    typed = {"facts": {"a": 1}, "goals": [], "plan": [], "awaiting": None, "confirm": [], "blocked": {}}
    text = render("agent/briefing.j2", **typed)
    message = SystemMessage(f"Be kind.\n\n{text}", additional_kwargs={BRIEFING: typed})
    assert split_system([message]) == ("Be kind.", text)
    assert split_system([SystemMessage("Be kind.")]) == ("Be kind.", "")
