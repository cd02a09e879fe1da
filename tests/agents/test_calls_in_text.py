"""A call that a model writes into its text is a call like any other, or goes back to the model; never to a customer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from lending_library import ACTIONS, Library

from shopbot.agents import create_agent
from shopbot.engines.dialects import read_calls
from shopbot.engines.scripted import ScriptedEngine
from shopbot.engines.templated import templated

CONFIG: Any = {"configurable": {"thread_id": "t"}}
ASKED = "Emma please, card 77"
REPLY = "Anything else?"
NAMES = [action.name for action in ACTIONS]
TOOLS = [
    StructuredTool(
        name=action.name, description="-", args_schema=action.arguments.model_json_schema(), func=lambda **_: ""
    )
    for action in ACTIONS
]

Args = dict[str, str]
Call = tuple[str, Args]
CARD: Call = ("take_card", {"card": "77"})
BOOK: Call = ("choose_book", {"title": "Emma"})


def as_json(call: Call, key: str = "arguments") -> str:
    """{"name": …, "arguments": {…}}"""
    return json.dumps({"name": call[0], key: call[1]}, ensure_ascii=False)


def as_python(call: Call) -> str:
    """take_card(card="77")"""
    return (
        f"{call[0]}({', '.join(f'{name}={json.dumps(value, ensure_ascii=False)}' for name, value in call[1].items())})"
    )


def fenced(calls: list[Call]) -> str:
    """JSON in a Markdown fence each."""
    return "\n".join(f"```json\n{as_json(call)}\n```" for call in calls)


def hermes(calls: list[Call]) -> str:
    """Qwen's and Hermes' tags."""
    return "\n".join(f"<tool_call>\n{as_json(call)}\n</tool_call>" for call in calls)


def llama_json(calls: list[Call]) -> str:
    """Llama 3's tag and its `parameters`."""
    return "<|python_tag|>" + "; ".join(as_json(call, "parameters") for call in calls) + "<|eom_id|>"


def llama_python(calls: list[Call]) -> str:
    """Llama 3.2's list of Python calls."""
    return f"[{', '.join(map(as_python, calls))}]"


def mistral(calls: list[Call]) -> str:
    """Mistral's tag and a list."""
    return f"[TOOL_CALLS] [{', '.join(map(as_json, calls))}]"


def mistral_named(calls: list[Call]) -> str:
    """Mistral's newer tags, name and arguments apart."""
    return "".join(f"[TOOL_CALLS]{name}[ARGS]{json.dumps(args)}" for name, args in calls)


def bare(calls: list[Call]) -> str:
    """JSON and nothing else."""
    return "\n".join(map(as_json, calls))


def doubled(calls: list[Call]) -> str:
    """Braces doubled as in a prompt template."""
    return " ".join(as_json(call).replace("{", "{{").replace("}", "}}") for call in calls)


def half_doubled(calls: list[Call]) -> str:
    """Braces doubled on the outside, and one too many at the end."""
    return " ".join(f"{{{as_json(call)}}}}}" for call in calls)


def python(calls: list[Call]) -> str:
    """Calls in Python, one a line."""
    return "\n".join(map(as_python, calls))


def gemma(calls: list[Call]) -> str:
    """Gemma's fenced Python."""
    return "```tool_code\n" + "\n".join(f"print({as_python(call)})" for call in calls) + "\n```"


def named_tags(calls: list[Call]) -> str:
    """Tags that carry the name."""
    return "\n".join(
        f"<function={name}>{''.join(f'<parameter={key}>{value}</parameter>' for key, value in args.items())}</function>"
        for name, args in calls
    )


def deepseek(calls: list[Call]) -> str:
    """DeepSeek's tags."""
    written = (
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{json.dumps(args)}\n```<｜tool▁call▁end｜>"
        for name, args in calls
    )
    return f"<｜tool▁calls▁begin｜>{''.join(written)}<｜tool▁calls▁end｜>"


def react(calls: list[Call]) -> str:
    """The labels of the ReAct protocol."""
    return "\n".join(f"Action: {name}\nAction Input: {json.dumps(args)}" for name, args in calls)


def wrapped(calls: list[Call]) -> str:
    """The wire format of chat completions."""
    functions = [{"type": "function", "function": {"name": n, "arguments": json.dumps(args)}} for n, args in calls]
    return json.dumps({"tool_calls": functions})


Dialect = Callable[[list[Call]], str]
DIALECTS: list[Dialect] = [
    fenced, hermes, llama_json, llama_python, mistral, mistral_named, bare, doubled, half_doubled, python, gemma,
    named_tags, deepseek, react, wrapped,
]  # fmt: skip
each_dialect = pytest.mark.parametrize("write", DIALECTS, ids=lambda write: write.__name__)

_ANY = "|".join(NAMES)
_LONG = "|".join(name for name in NAMES if "_" in name)
LEAKS = re.compile(
    r"<\s?/?(?:tool_call|tool_code|function|invoke|parameter|think)\b|<[|｜]\w|\[/?TOOL_CALLS\]"
    r"|\{+\s*[\"'](?:name|tool_calls|function|action)[\"']\s*:\s*[\"'\[{]"
    rf"|\{{[^}}]{{0,200}}(?<!\w)(?:{_ANY})(?!\w)|(?<!\w)(?:{_LONG})\("
)


class Streaming(ScriptedEngine):
    """Says its script in pieces of three characters."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        text = self._generate(messages, **kwargs).generations[0].text
        for start in range(0, len(text), 3):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=text[start : start + 3]))
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def start(*texts: str) -> tuple[Any, Streaming]:
    """An agent whose engine says these texts and then `REPLY`."""
    engine = Streaming([*({"say": text} for text in texts), *[{"say": REPLY}] * 4])
    return create_agent(engine, ACTIONS, services=Library(), checkpointer=InMemorySaver()), engine


def say(agent: Any, words: str = ASKED) -> Any:
    """The state after a message of the customer."""
    return agent.invoke({"messages": [HumanMessage(words)]}, CONFIG)


def shown(state: Any) -> str:
    """All that an engine said in a conversation."""
    return "\n".join(message.text for message in state["messages"] if isinstance(message, AIMessage))


def messages_in(value: Any) -> Iterator[AIMessage]:
    """What an engine said, anywhere in the data of an event."""
    if isinstance(value, AIMessage):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from messages_in(item)
    elif hasattr(value, "update") or hasattr(value, "result") or hasattr(value, "generations"):
        for name in ("update", "result", "generations"):
            yield from messages_in(getattr(value, name, None))


def is_refused(engine: Streaming) -> bool:
    """Whether the first proposal came back as one that cannot be read."""
    return any("cannot be read" in message.text for message in engine.heard[1])


@each_dialect
def test_a_call_is_carried_out(write: Dialect) -> None:
    agent, _ = start(write([CARD]))
    state = say(agent)
    assert (state["facts"].get("card"), shown(state).strip()) == ("77", REPLY)


@each_dialect
def test_several_calls_are_carried_out(write: Dialect) -> None:
    agent, _ = start(write([CARD, BOOK]))
    state = say(agent)
    assert (state["facts"].get("card"), state["facts"].get("book"), shown(state).strip()) == ("77", "Emma", REPLY)


@each_dialect
def test_the_words_around_a_call_are_said_beside_it(write: Dialect) -> None:
    agent, _ = start(f"One moment please.\n\n{write([CARD])}")
    state = say(agent)
    assert (state["facts"].get("card"), shown(state)) == ("77", f"One moment please.\n{REPLY}")


@each_dialect
def test_what_cannot_be_read_goes_back_to_the_engine(write: Dialect) -> None:
    text = write([CARD])
    agent, engine = start(text[: text.index("77")])
    state = say(agent)
    assert is_refused(engine)
    assert shown(state) == REPLY


@each_dialect
def test_an_invented_value_is_refused_as_in_any_call(write: Dialect) -> None:
    agent, engine = start(write([("take_card", {"card": "4711"})]))
    state = say(agent)
    assert any("nobody has said" in message.text for message in engine.heard[1])
    assert "card" not in state["facts"]


@each_dialect
def test_no_piece_of_a_stream_shows_a_call(write: Dialect) -> None:
    agent, _ = start(f"One moment please.\n{write([CARD, BOOK])}", write([CARD])[:-9])
    pieces = agent.stream({"messages": [HumanMessage(ASKED)]}, CONFIG, stream_mode="messages")
    streamed = "".join(piece.text for piece, _ in pieces if isinstance(piece, AIMessage))
    assert REPLY in streamed
    assert not LEAKS.search(streamed)


@each_dialect
def test_no_event_shows_a_call(write: Dialect) -> None:
    agent, _ = start(f"One moment please.\n{write([CARD])}")

    async def read() -> list[Any]:
        return [
            event async for event in agent.astream_events({"messages": [HumanMessage(ASKED)]}, CONFIG, version="v2")
        ]

    events = asyncio.run(read())
    said = "".join(message.text for event in events for message in messages_in(event["data"]))
    assert REPLY in said
    assert not LEAKS.search(said)


@pytest.mark.parametrize(
    "text",
    [
        '{{"name": "take_card", "arguments": {"card": "77"}}}} '
        '{{"name": "choose_book", "arguments": {"title": "Emma"}}}} '
        '{{"name": "take_card", "arguments": {"card": "77"}}}}',
        '{"name": "take_card", "arguments": {"card": "77"}}',
        '```json\n{"name": "take_card", "arguments": {"card": "77"}}\n```\n' * 3,
    ],
)
def test_what_small_models_say_is_done(text: str) -> None:
    agent, _ = start(text)
    state = say(agent)
    assert (state["facts"].get("card"), shown(state).strip()) == ("77", REPLY)


def test_of_several_calls_in_a_text_one_with_an_invented_field_is_refused() -> None:
    goal = '{{"name": "pursue", "arguments": {"goal": "lend"}}}}'
    card = '{{"name": "take_card", "arguments": {"card": "77", "email": "example@example.com"}}}}'
    agent, engine = start(f"{goal} {card} {goal} {card}")
    state = say(agent)
    assert any("do not fit its schema" in message.text for message in engine.heard[1])
    assert ("card" in state["facts"], shown(state)) == (False, REPLY)


@pytest.mark.parametrize(
    "text",
    [
        '{"next": "take_card"}',
        "<tools>[]</tools>",
        "<take_card><card>77</card></take_card>",
        "<|start|>assistant",
        "Of course. <tool_c",
        '{\\"name\\": \\"take_card\\"}',
        "<tool_response>card noted</tool_response> All done.",
        "```\n<think>They want a book.</think>\n```",
        '{"name": "lend_everything", "arguments": {}}',
    ],
)
def test_other_insides_are_refused(text: str) -> None:
    agent, engine = start(text)
    state = say(agent)
    assert len(engine.heard) > 1
    assert shown(state) == REPLY


@pytest.mark.parametrize(
    "text",
    [
        'Your file {"name": "Emma", "price": 5} is fine.',
        'Write {"items": [{"sku": "A-1", "quantity": 2}]} and nothing else.',
        "Please send {your number} to us.",
        "How many book(s)? We lend (for free) until 5 < 6 o'clock [Monday].",
        "It says <b>Emma</b> on the cover.",
    ],
)
def test_json_that_names_no_action_is_a_reply(text: str) -> None:
    agent, _ = start(text)
    assert shown(say(agent)) == text


def test_a_call_that_is_made_and_written_is_made_once() -> None:
    call = {"name": "take_card", "args": {"card": "77"}, "id": "1", "type": "tool_call"}
    message = read_calls(AIMessage(hermes([CARD]), tool_calls=[call]), TOOLS)
    assert [made["id"] for made in message.tool_calls] == ["1"]
    assert message.text == ""


def test_what_is_worded_by_template_is_not_looked_at() -> None:
    message = templated(AIMessage(bare([CARD])))
    assert read_calls(message, TOOLS) is message


def test_blocks_that_are_no_text_stay() -> None:
    block = {"type": "reasoning", "reasoning": "A card."}
    message = read_calls(AIMessage([block, {"type": "text", "text": bare([CARD])}]), TOOLS)
    assert (message.content, message.tool_calls[0]["name"]) == ([block], "take_card")


@pytest.mark.parametrize(
    "piece",
    ["{", "{{", '{"a":"', "take_card(", "take_card('", "take_card{", "<tool_call>", "<tool_call ", "<|a|>",
     "[TOOL_CALLS]{", ' "/*{', '{"name":"take_card"}', '{"name":"take_card","arguments":{{"card":"7"}}}}',
     "<function=a>", "<", "Action: "],
)  # fmt: skip
def test_the_same_over_and_over_is_read_to_its_end(piece: str) -> None:
    message = read_calls(AIMessage(piece * (19_000 // len(piece))), TOOLS)
    assert not LEAKS.search(message.text[:1_000])


def test_a_call_in_a_text_without_end_is_refused() -> None:
    message = read_calls(AIMessage("Well. " * 4_000 + bare([CARD])), TOOLS)
    assert (message.text, len(message.invalid_tool_calls)) == ("", 1)


values = st.text(alphabet=st.sampled_from("7Ém a'\"\\{}()[]<>/|:,=\n…字"), max_size=12)
calls_made = st.lists(
    st.tuples(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(["card", "title", "pages"]), values, max_size=2)),
    min_size=1,
    max_size=3,
)
pieces = st.sampled_from(
    ["{", "}", "{{", "[", "(", ")", '"', "'", "```", "<tool_call>", "</tool_call>", "<function=", "[TOOL_CALLS]",
     ":", "\n", "<|python_tag|>", '"name"', '"arguments"', "Action:", "<think>", "\\", ",", "One moment.",
     "json", *NAMES]
)  # fmt: skip


@st.composite
def written_badly(draw: st.DrawFn) -> str:
    """Calls in a dialect, with wrong quotes, cut off, nested or in the middle of other text."""
    text = draw(st.sampled_from(DIALECTS))(draw(calls_made))
    if draw(st.booleans()):
        text = text.replace('"', draw(st.sampled_from(["'", "“", "", '\\"'])))
    if draw(st.booleans()):
        text = draw(st.sampled_from(DIALECTS))([("take_card", {"card": text})])
    text = text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text
    return "".join([*draw(st.lists(pieces, max_size=3)), text, *draw(st.lists(pieces, max_size=3))])


def assert_shows_nothing(text: str) -> None:
    """What a customer could be shown of a text has nothing of a call in it."""
    message = read_calls(AIMessage(text), TOOLS)
    assert not LEAKS.search(message.text)


@settings(max_examples=400)
@given(written_badly())
def test_no_text_in_a_dialect_is_shown(text: str) -> None:
    assert_shows_nothing(text)


@settings(max_examples=400)
@given(st.lists(pieces | st.text(max_size=5), max_size=30).map("".join))
@example("```<think>")
@example('{<tool_call>Action:"name"}')
@example("{Action:take_card\x1b}")
def test_no_mixture_of_a_dialects_pieces_is_shown(text: str) -> None:
    assert_shows_nothing(text)


@settings(max_examples=300)
@given(st.sampled_from(DIALECTS), st.lists(st.sampled_from([CARD, BOOK, ("find_shelf", {})]), min_size=1, max_size=3))
def test_every_dialect_is_read_to_the_same_calls(write: Dialect, calls: list[Call]) -> None:
    message = read_calls(AIMessage(write(calls)), TOOLS)
    once = [call for place, call in enumerate(calls) if call not in calls[:place]]
    assert [(call["name"], call["args"]) for call in message.tool_calls] == once
