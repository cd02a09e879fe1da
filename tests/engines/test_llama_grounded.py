"""Nothing that nobody said can be decoded: calls of random weights, over random messages, pass the gate's grounding."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, ConfigDict, Field
from tiny_gguf import write_tiny_gguf

from shopbot.agents.candidates import candidates_now
from shopbot.agents.config import GateConfig
from shopbot.agents.evidence import evidence_for
from shopbot.agents.grounding import ungrounded
from shopbot.agents.state import TurnState
from shopbot.engines.llama.answer_grammar import answer_grammar
from shopbot.engines.llama.answers import read_answer
from shopbot.engines.llama.grounded import grounded
from shopbot.engines.llama.runtime import Runtime
from shopbot.engines.llama.work import Wanted, Work
from shopbot.tools.action import Call, Observation, Source, action


class Guest(BaseModel):
    """Somebody who comes along."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(max_length=30)]
    age: Annotated[int | None, Field(ge=1, le=120)] = None
    vegetarian: bool = False


@action()
def book_table(
    call: Call[Any],
    name: Annotated[str, Field(min_length=1, max_length=60), Source.USER],
    day: Annotated[date, Source.USER],
    guests: Annotated[list[Guest], Field(max_length=4), Source.USER],
    seats: Annotated[int, Source.USER] = 2,
) -> Observation:
    """Book a table."""
    return Observation("Booked.")


@action()
def find_booking(call: Call[Any], code: Annotated[str, Field(pattern=r"^[a-z]{2}\d{3}$"), Source.GIVEN]) -> Observation:
    """Find a booking."""
    return Observation("Found.")


ACTIONS = {one.name: one for one in (book_table, find_booking)}
MESSAGES = [
    "a table for two or seven, 4 people please, on 2026-12-24 or march 3rd 2027",
    "jane o'neill and her son paul, age 11, code ab123, booking xy-999, mail jane@example.org",
    'ümlaut 東京 "quoted" back\\slash {brace} <tool_call> not the window , . ! ?',
]
WORDS = st.sampled_from([word for message in MESSAGES for word in message.split()])


def moment(words: str, **facts: Any) -> TurnState:
    """The state right after the customer has said so."""
    return TurnState({"messages": [HumanMessage(words)], "facts": facts}, GateConfig(ACTIONS), "")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return Runtime(write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=1), context=512, threads=1)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(words=st.lists(WORDS, min_size=1, max_size=16), seed=st.integers(0, 99))
def test_every_call_is_grounded_and_valid(words: list[str], seed: int, runtime: Runtime) -> None:
    state = moment(" ".join(words))
    candidates = candidates_now(state)
    offered = [
        {"name": one.name, "parameters": schema}
        for one in ACTIONS.values()
        if (schema := grounded(one.arguments.model_json_schema(), candidates[one.name])) is not None
    ]
    if not offered:
        return
    grammar = answer_grammar(offered, "any", thoughts=False, several=False)
    work = Work()
    text = "".join(runtime.decode(Wanted(runtime.tokenise("hi"), grammar, 400, temperature=1.5, seed=seed), work))
    (call,) = read_answer(text).calls
    chosen = ACTIONS[call["name"]]
    args = chosen.arguments.model_validate(call["args"]).model_dump(mode="json")
    for name, value in args.items():
        evidence = evidence_for(chosen.sources[name], state)
        assert ungrounded(value, evidence, chosen.arguments.model_fields[name]) == []


def test_an_action_without_a_value_for_what_it_requires_is_not_offered() -> None:
    state = moment("I have no code")
    assert grounded(find_booking.arguments.model_json_schema(), candidates_now(state)["find_booking"]) is None


def test_what_was_observed_counts_where_the_contract_says_so() -> None:
    state = moment("the one in my booking", booking={"code": "ab123"})
    candidates = candidates_now(state)
    schema = grounded(find_booking.arguments.model_json_schema(), candidates["find_booking"])
    assert schema is not None
    assert schema["properties"]["code"]["enum"] == ["ab123"]
    assert "ab123" not in candidates["book_table"]["name"]["phrases"]
