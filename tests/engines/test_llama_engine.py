"""The local engine as a LangChain chat model, with a tiny model that the tests make themselves."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolCall, ToolMessage
from pydantic import BaseModel, ConfigDict
from tiny_gguf import write_tiny_gguf

from shopbot.engines import EngineError, make_engine
from shopbot.engines.llama.model import LlamaEngine
from shopbot.engines.protocol import CONFIDENCE, DEADLINE, THOUGHT


class Look(BaseModel):
    """Look somewhere."""

    model_config = ConfigDict(extra="forbid")
    place: str


class Wait(BaseModel):
    """Wait a number of minutes."""

    model_config = ConfigDict(extra="forbid")
    minutes: int


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LlamaEngine:
    file = write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", context=2048)
    return LlamaEngine(file, temperature=1.0, longest_answer=900, thoughts=False)


def ask(engine: LlamaEngine, choice: Any, seed: int = 0, **bound: Any) -> AIMessage:
    return engine.bind_tools([Look, Wait], tool_choice=choice, **bound).invoke("Go on", seed=seed)


def test_the_spec_makes_it(engine: LlamaEngine) -> None:
    assert make_engine(f"llama:{engine.runtime.file}")._llm_type == "llama"


@pytest.mark.parametrize("choice", ["any", "required", True])
def test_any_always_calls(choice: Any, engine: LlamaEngine) -> None:
    for seed in range(5):
        message = ask(engine, choice, seed)
        # The grammar lets bytes through that are no text, which random weights draw: such a call is a broken one.
        assert message.tool_calls or message.invalid_tool_calls
        assert message.text == ""
        assert {call["name"] for call in message.tool_calls} <= {"Look", "Wait"}


@pytest.mark.parametrize("choice", ["Wait", {"type": "function", "function": {"name": "Wait"}}])
def test_a_named_action_is_called_once(choice: Any, engine: LlamaEngine) -> None:
    for seed in range(5):
        assert [call["name"] for call in ask(engine, choice, seed).tool_calls] == ["Wait"]


def test_none_always_replies(engine: LlamaEngine) -> None:
    for seed in range(3):
        message = ask(engine, "none", seed)
        assert not message.tool_calls
        assert message.text.strip()


def test_auto_does_either_and_never_both(engine: LlamaEngine) -> None:
    answers = [ask(engine, "auto", seed) for seed in range(6)]
    assert all(bool(answer.tool_calls) != bool(answer.text.strip()) for answer in answers)
    assert not any(answer.invalid_tool_calls for answer in answers)


def test_one_call_when_several_are_not_wanted(engine: LlamaEngine) -> None:
    answers = [ask(engine, "any", seed, parallel_tool_calls=False) for seed in range(8)]
    assert all(len([*answer.tool_calls, *answer.invalid_tool_calls]) == 1 for answer in answers)


def test_a_thought_is_kept_apart_from_the_reply(engine: LlamaEngine) -> None:
    grammar = 'root ::= "<think>They greet.</think>\\nHello!"'
    message = engine.bind_tools([Look]).invoke("Hi", grammar=grammar)
    assert (message.text, message.additional_kwargs[THOUGHT]) == ("Hello!", "They greet.")


def test_it_counts_what_it_took(engine: LlamaEngine) -> None:
    message = ask(engine, "any")
    timings = message.response_metadata["timings"]
    assert message.usage_metadata is not None
    assert message.usage_metadata["input_tokens"] == timings["prompt_tokens"] > 100
    assert message.usage_metadata["output_tokens"] == timings["decoded_tokens"] > 10
    assert 0 < message.response_metadata[CONFIDENCE] <= 1
    assert message.response_metadata["finish_reason"] == "stop"


def test_the_same_seed_says_the_same(engine: LlamaEngine) -> None:
    first, second = ask(engine, "none", 3), ask(engine, "none", 3)
    assert first.text == second.text


@pytest.mark.parametrize("choice", ["any", "none"])
def test_a_stream_adds_up_to_the_answer(choice: str, engine: LlamaEngine) -> None:
    chunks = list(engine.bind_tools([Look, Wait], tool_choice=choice).stream("Go on", seed=1))
    whole: Any = AIMessageChunk(content="")
    for chunk in chunks:
        whole += chunk
    at_once = ask(engine, choice, 1)
    assert whole.text.strip() == at_once.text
    assert [(c["name"], c["args"]) for c in whole.tool_calls] == [(c["name"], c["args"]) for c in at_once.tool_calls]
    assert whole.usage_metadata["output_tokens"] == at_once.usage_metadata["output_tokens"]  # type: ignore[index]
    assert (len([chunk for chunk in chunks if chunk.text]) > 3) == (choice == "none")


def test_a_grammar_and_stops_of_the_callers_own(engine: LlamaEngine) -> None:
    grammar = 'root ::= "Thought: one\\nObservation: two"'
    assert engine.invoke("Go", grammar=grammar, stop=["\nObservation:"]).text == "Thought: one"


def test_a_schema_of_the_callers_own(engine: LlamaEngine) -> None:
    assert isinstance(engine.with_structured_output(Wait).invoke("How long?"), Wait)


def turn(number: int) -> list[Any]:
    call = ToolCall(name="Look", args={"place": f"shelf {number}"}, id=f"c{number}", type="tool_call")
    return [
        HumanMessage(f"Question number {number}, please look it up"),
        AIMessage("", tool_calls=[call]),
        ToolMessage(f"There are {number} of them on the shelf.", tool_call_id=f"c{number}", name="Look"),
        AIMessage(f"There are {number}."),
    ]


def evaluated(engine: LlamaEngine, messages: list[Any]) -> tuple[int, int]:
    answer = engine.bind_tools([Look, Wait]).invoke(messages, longest_answer=64)
    timings = answer.response_metadata["timings"]
    return timings["evaluated_tokens"], timings["prompt_tokens"]


def test_a_second_turn_evaluates_its_new_tokens_only(engine: LlamaEngine) -> None:
    system = SystemMessage("You answer questions about shelves. " * 10)
    before = [system, *turn(1), HumanMessage("And the next?")]
    engine.runtime.forget()
    first, whole = evaluated(engine, before)
    assert first == whole
    after = [*before, AIMessage("Which one?"), HumanMessage("The second.")]
    second, longer = evaluated(engine, after)
    assert second <= (longer - whole) + 40  # the names of the actions allowed now stand behind the newest message
    assert second < longer / 4


def test_another_conversation_shares_prompt_and_actions(engine: LlamaEngine) -> None:
    system = SystemMessage("You answer questions about shelves. " * 10)
    evaluated(engine, [system, *turn(1), HumanMessage("And the next?")])
    again, whole = evaluated(engine, [system, HumanMessage("Hello")])
    assert again < whole / 4


def test_threads_and_tasks_get_their_own_answers(engine: LlamaEngine) -> None:
    def grammar(number: int) -> str:
        return f'root ::= "answer {number}"'

    found: dict[int, str] = {}

    def work(number: int) -> None:
        found[number] = engine.invoke(f"Question {number}", grammar=grammar(number)).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def together() -> list[AIMessage]:
        return await asyncio.gather(*(engine.ainvoke("Q", grammar=grammar(number)) for number in range(6, 9)))

    found |= {number: answer.text for number, answer in zip(range(6, 9), asyncio.run(together()), strict=True)}
    assert found == {number: f"answer {number}" for number in range(9)}


def test_a_stream_that_is_given_up_frees_the_model(engine: LlamaEngine) -> None:
    stream = engine.stream("Go on")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert engine.invoke("Go on", grammar='root ::= "yes"').text == "yes"


def test_a_busy_model_is_not_waited_for_beyond_the_deadline(engine: LlamaEngine) -> None:
    stream = engine.stream("Go on")
    next(stream)
    hurried = SystemMessage("Hurry.", additional_kwargs={DEADLINE: time.monotonic() + 0.05})
    with pytest.raises(EngineError, match="its time was up"):
        engine.invoke([hurried, HumanMessage("hello")])
    stream.close()  # type: ignore[attr-defined]


def test_an_astream_shows_the_reply(engine: LlamaEngine) -> None:
    async def listen() -> str:
        return "".join([chunk.text async for chunk in engine.astream("Go", grammar='root ::= "one two three"')])

    assert asyncio.run(listen()) == "one two three"
