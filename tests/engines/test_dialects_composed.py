"""Dialects that nobody listed, composed from what makes one: of none is reasoning or a call shown."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.engines.dialects import read_calls
from shopbot.engines.reasoning import separate_reasoning
from shopbot.engines.reasoning_marks import kind_of
from shopbot.engines.scripted import ScriptedEngine
from shopbot.prompts import load_data
from shopbot.tools.action import Call, Observation, action

SCHEMA = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
NAMES = ("note", "pay_in")
TOOLS = [StructuredTool(name=name, description="-", args_schema=SCHEMA, func=lambda **_: "") for name in NAMES]
SECRET, REPLY = "Secretly the user wants 4711.", "What is your order number?"
LISTED = load_data("engines/dialects.yaml")

known = st.sampled_from(["note", "pay_in"])
unknown = st.sampled_from(["send_mail", "lookupOrder", "orders.find", "close_account_now"])
symbols = st.sampled_from([("<", ">"), ("[", "]"), ("<|", "|>"), ("◁", "▷"), ("⟦", "⟧"), ("{{", "}}"), ("((", "))")])
spellings = st.sampled_from([str, str.upper, str.title])
invented = st.text("abcdefghjkmnpqrtvwxyz", min_size=4, max_size=9)
about = st.sampled_from(["", "inner_", "my-", "ns:", "private_"])
stems = st.sampled_from(
    ["think", "thinking", "thoughts", "reasoning", "reflection", "scratchpad", "analysis", "monologue"]
)
between = st.sampled_from(["", " ", "\n", "\n\n"])


def read(text: str) -> AIMessage:
    """What becomes of a model's text."""
    return read_calls(separate_reasoning(AIMessage(text)), TOOLS)


@st.composite
def pair(draw: st.DrawFn, names: st.SearchStrategy[str]) -> tuple[str, str]:
    """A marker that opens and one that closes."""
    (begin, end), name, spelled = draw(symbols), draw(names), draw(spellings)
    if draw(st.booleans()):
        return begin + spelled(name) + end, begin + "/" + spelled(name) + end
    first, last = draw(st.sampled_from([("begin_", "end_"), ("START_", "END_"), ("begin_of_", "end_of_")]))
    return begin + first + spelled(name) + end, begin + last + spelled(name) + end


reasoning_names = st.builds("{}{}".format, about, stems)


@settings(max_examples=150)
@given(pair(reasoning_names), between, between)
def test_between_markers_of_reasoning(marks: tuple[str, str], before: str, after: str) -> None:
    message = read(f"{marks[0]}{before}{SECRET}{after}{marks[1]}{after}{REPLY}")
    assert message.text == REPLY


@settings(max_examples=150)
@given(pair(invented), between)
def test_between_markers_with_a_name_that_nobody_knows(marks: tuple[str, str], space: str) -> None:
    assume(kind_of(marks[0]) == "" and marks[0].strip("<[|◁⟦{(>]▷⟧})").lower() not in LISTED["markup"])
    message = read(f"{marks[0]}{space}{SECRET}{marks[1]}{space}{REPLY}")
    assert SECRET not in message.text
    assert message.text == REPLY or message.invalid_tool_calls


@settings(max_examples=100)
@given(pair(st.sampled_from(["answer", "final_answer", "response", "final response", "reply", "solution"])), between)
def test_between_markers_of_the_answer(marks: tuple[str, str], space: str) -> None:
    assert read(f"{SECRET}{space}{marks[0]}{space}{REPLY}{marks[1]}").text == REPLY


decorated = st.sampled_from(["{}:", "**{}:**", "**{}**:", "### {}:", "{} :", "*{}:*", "- {}:", "**{}**\n"])
thoughts = st.sampled_from(
    [
        "Thought",
        "Thoughts",
        "Thinking",
        "My reasoning",
        "Internal monologue",
        "Analysis",
        "Here is my thought process",
        "Step-by-step reasoning",
        "Reflection",
        "Chain of thought",
    ]
)
answers = st.sampled_from(
    ["Final Answer", "Answer", "Response", "Here is my response", "Reply to the customer", "Final response"]
)


@settings(max_examples=150)
@given(decorated, thoughts, answers, st.sampled_from([" ", "\n"]), st.booleans())
def test_under_headings(head: str, thought: str, answer: str, space: str, several: bool) -> None:
    first = f"{head.format(thought)}{space}{SECRET}\n"
    assert read(f"{first * (1 + several)}{head.format(answer)}{space}{REPLY}").text == REPLY


channels = st.sampled_from(["analysis", "thought", "thinking"])
tokens = st.sampled_from(
    [
        "<|channel|>{}<|message|>{}<|end|>",
        "<|start|>assistant<|channel|>{}<|message|>{}<|end|>",
        "<|channel>{}\n{}<channel|>",
        "<unused94>{}\n{}<unused95>",
    ]
)


@settings(max_examples=60)
@given(tokens, channels, st.sampled_from(["", "<|start|>assistant<|channel|>final<|message|>"]))
def test_in_channels(token: str, channel: str, final: str) -> None:
    assert read(token.format(channel, SECRET) + final + REPLY).text == REPLY


@pytest.mark.parametrize("thought", ["analysis", "commentary", "analysis ", ""])
def test_in_channels_whose_tokens_the_server_dropped(thought: str) -> None:
    assert read(f"{thought}{SECRET if thought else ''}assistantfinal{REPLY}").text == REPLY
    assert SECRET not in read(f"{thought.strip() or 'analysis'}{SECRET}").text


def as_json(name: str, keys: tuple[str, str]) -> str:
    return json.dumps({keys[0]: name, keys[1]: {"amount": 5}})


def as_python_dict(name: str, keys: tuple[str, str]) -> str:
    return str({keys[0]: name, keys[1]: {"amount": 5}})


def as_text_in_json(name: str, keys: tuple[str, str]) -> str:
    return json.dumps({keys[0]: name, keys[1]: json.dumps({"amount": 5})})


def as_record(name: str, keys: tuple[str, str]) -> str:
    return f'ToolInvocation({keys[0]}="{name}", {keys[1]}={{"amount": 5}})'


def as_list(name: str, keys: tuple[str, str]) -> str:
    return json.dumps([{"type": "function", "id": "1", keys[0]: name, keys[1]: {"amount": 5}}])


def as_fields(name: str, keys: tuple[str, str]) -> str:
    return f"tool: {name}\namount: 5"


def as_nested_fields(name: str, keys: tuple[str, str]) -> str:
    return f"**Function name:** `{name}`\nargs:\n  amount: 5"


def as_call(name: str, keys: tuple[str, str]) -> str:
    return f"{name}(amount=5)"


def as_channel(name: str, keys: tuple[str, str]) -> str:
    return f'<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{{"amount": 5}}<|call|>'


shapes = st.sampled_from(
    [as_json, as_python_dict, as_text_in_json, as_record, as_list, as_fields, as_nested_fields, as_call]
)
key_pairs = st.tuples(
    st.sampled_from(["name", "function", "tool", "tool_name", "functionName", "recipient_name", "api", "action"]),
    st.sampled_from(["arguments", "parameters", "args", "kwargs", "input", "Parameters", "tool_args"]),
)
Shape = Callable[[str, tuple[str, str]], str]
wrapped = st.sampled_from(
    ["{}", "One moment.\n{}", "```json\n{}\n```", "<act>{}</act>", "◁do▷{}◁/do▷", "[CALLING]\n{}\n[/CALLING]"]
)


@settings(max_examples=300)
@given(shapes, known, key_pairs, wrapped)
def test_a_call_of_a_known_action_is_made(shape: Shape, name: str, keys: tuple[str, str], around: str) -> None:
    message = read(around.format(shape(name, keys)))
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [(name, {"amount": 5})]
    assert name not in message.text
    assert "amount" not in message.text


@settings(max_examples=300)
@given(shapes, unknown, key_pairs, wrapped)
def test_a_call_of_an_action_that_nobody_has_is_not_shown(
    shape: Shape, name: str, keys: tuple[str, str], around: str
) -> None:
    assume(shape in (as_json, as_python_dict, as_text_in_json, as_record, as_list) or "```" not in around)
    message = read(around.format(shape(name, keys)))
    assert message.tool_calls or message.invalid_tool_calls
    assert name not in message.text
    assert "amount" not in message.text


@pytest.mark.parametrize("name", ["note", "send_mail"])
def test_a_call_in_a_channel(name: str) -> None:
    message = read(f"<|channel|>analysis<|message|>{SECRET}<|end|>" + as_channel(name, ("", "")))
    assert (message.text, [call["name"] for call in message.tool_calls]) == ("", [name])


@pytest.mark.parametrize(
    "text",
    [
        "Note: returns take 5 days.",
        "Reason: it was damaged.\nStatus: open",
        "Tool: Hammer\nPrice: $5",
        "Action: please confirm the return.",
        "Actions:\n- return it\n- keep it",
        "Answer: You can return it.",
        "Question: can I return it?\nAnswer: yes.",
        "**Thoughtful gifts:** mug\n**Reflective vest:** $20",
        "Vest [Reflective] - $20 (thinking putty)",
        "Analysis of your skin: fine",
        "Here is the analysis:\nfine",
        'Send `send_mail(to="x")` to us',
        '```python\nsend_mail(to="x")\nprint(5)\n```',
        "```xml\n<order><id>5</id></order>\n```",
        '```json\n{"order": {"id": 5}, "items": [{"name": "x"}]}\n```',
        '{"shipping_address": {"city": "Paris"}, "name": "Emma"}',
        "<b>Bold</b> <a href='https://x.y'>link</a><br/>",
        "[b]Bold[/b]",
        "Write with the subject <order number> and <name>.",
        "Please reply with <order_number>.",
        "1 < 2 and 3 > 2, x <y and z> w",
        "I ♥ you ★★★ “Emma” «oui» (yes) [no] {maybe} ★Thoughts★",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Input: 230 V\nOutput: 12 V",
        "Our analysis: great",
        "Thinking Putty: $5",
        "Scratch pad: $3",
        "User: Emma\nEmail: a@b.c",
        "See https://a.b/c?x={y} and example.com(main)",
        "{{name}}, hello",
    ],
)
def test_an_honest_reply_is_left_alone(text: str) -> None:
    message = read(text)
    assert (message.text, message.tool_calls, message.invalid_tool_calls) == (text, [], [])


@action()
def pay_in(call: Call[Any], amount: int) -> Observation:
    """Pay in."""
    return Observation("Paid in.")


LEAKS = [
    f"<inner_voice>{SECRET}</inner_voice>{REPLY}",
    f"Thought: {SECRET}\nFinal Answer: {REPLY}",
    f"analysis{SECRET}assistantfinal{REPLY}",
    f"◁think▷{SECRET}◁/think▷{REPLY}",
    as_record("send_mail", ("name", "args")) + SECRET,
]


@pytest.mark.parametrize("text", LEAKS)
def test_nobody_who_reads_along_sees_it(text: str) -> None:
    engine = ScriptedEngine([{"say": text}, {"say": REPLY}])
    agent = create_agent(engine, [pay_in], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    pieces = agent.stream({"messages": [HumanMessage("where is it?")]}, config, stream_mode="messages")
    assert "".join(piece.text for piece, _ in pieces if isinstance(piece, AIMessage)) == REPLY
    assert agent.get_state(config).values["messages"][-1].text == REPLY


@pytest.mark.parametrize(
    "piece",
    [
        "<a>",
        "</a>",
        "<think",
        "◁think▷",
        "((a",
        "Thought:\n",
        "a_b(",
        "a_b(x=1\n",
        "tool: a\n",
        "a.",
        "A" * 9,
        "[A B",
        "{{a}}{{/a}}",
    ],
)
def test_what_is_repeated_is_read_in_linear_time(piece: str) -> None:
    import time

    def seconds(length: int) -> float:
        began = time.process_time()
        read(piece * (length // len(piece)))
        return time.process_time() - began

    seconds(1000)
    assert seconds(16_000) < 40 * max(seconds(2_000), 0.002)


def test_random_text_is_never_lost() -> None:
    rng = random.Random(5)
    for _ in range(300):
        words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 8))) for _ in range(12)]
        text = " ".join(word + rng.choice(["", ",", ".", ":", "!", "\n", " -", ")"]) for word in words).strip()
        assert read(text).text == text
