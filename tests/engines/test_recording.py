"""SHOPBOT_TRACES: every decision of every engine is a line that training can read, and no line knows the customer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from chat_faults import Cut
from chat_server import Call
from hosted_shopbot import Hosted, said
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from shopbot.agents import create_agent, create_shopbot
from shopbot.engines import ScriptedEngine
from shopbot.engines.recording import open_recorder
from shopbot.engines.recording.trace_format import Trace, read_traces
from shopbot.shop.shop import Shop
from shopbot.tools.shop.desk import Desk

NAME, ADDRESS, NUMBER = "Maria Lopez", "maria.lopez@example.com", "123456"
WORDS = [
    f"Hi, my name is {NAME} and I want to send the jeans back",
    f"It's {NUMBER}",
    f"my e-mail is {ADDRESS}, I live at 12 Elm Street, Portland, ME 04101, call me at +1 555 123 4567",
    "yes, please",
]
PERSONAL = ["maria", "lopez", ADDRESS, NUMBER, "12 elm street", "04101", "555 123 4567", "portland"]


class Line(BaseModel):
    """A line of the trace contract."""

    model_config = ConfigDict(extra="forbid", strict=True)

    class Allowed(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        name: str
        description: str
        parameters: dict[str, Any]

    conversation: str
    turn: int
    context: list[tuple[Literal["User", "Agent", "Observation"], str]]
    allowed: list[Allowed]
    choice: str | None
    args: dict[str, Any]
    reply: str
    score: float | None
    engine: str
    outcome: Literal["accepted", "refused", "failed", "replied"]
    time: AwareDatetime


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept" / "traces.jsonl"
    monkeypatch.setenv("SHOPBOT_TRACES", str(path))
    return path


@pytest.fixture
def talk(traces: Path, shop: Shop) -> Iterator[Callable[[Any], list[Trace]]]:
    """Has the conversation with an engine; gives what was recorded."""
    desk = Desk(shop)

    def run(engine: Any) -> list[Trace]:
        agent = create_shopbot(engine, desk=desk, checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": f"{NAME} {ADDRESS}"}}
        for words in WORDS:
            agent.invoke(said(words), config)
        return list(read_traces(traces))

    yield run
    if "policies" in vars(desk):
        desk.policies.close()


def test_a_conversation_of_the_embedded_engine_is_recorded(talk: Callable[[Any], list[Trace]], traces: Path) -> None:
    recorded = talk("planner")
    lines = traces.read_text(encoding="utf-8").splitlines()
    assert [TypeAdapter(Line).validate_json(line) for line in lines]
    choices = [trace.choice for trace in recorded]
    assert {"take_order_number", "take_email", "verify_customer", "arrange_return", None} <= set(choices)
    assert {trace.engine for trace in recorded} == {"planner"}
    assert [trace.turn for trace in recorded] == sorted(trace.turn for trace in recorded)
    assert {trace.outcome for trace in recorded} == {"accepted", "replied"}
    assert all(trace.choice is None or trace.choice in {one.name for one in trace.allowed} for trace in recorded)


def test_no_personal_value_is_in_the_file(talk: Callable[[Any], list[Trace]], traces: Path) -> None:
    talk("planner")
    written = traces.read_text(encoding="utf-8").casefold()
    assert not [value for value in PERSONAL if value in written]


def test_arguments_still_point_into_the_context(talk: Callable[[Any], list[Trace]]) -> None:
    recorded = talk("planner")
    for name in ("take_order_number", "take_email"):
        (trace,) = [one for one in recorded if one.choice == name]
        (value,) = trace.args.values()
        assert value in dict(trace.context)["User"]
        assert value.startswith("[")


def test_a_context_holds_what_was_said_done_and_observed(talk: Callable[[Any], list[Trace]]) -> None:
    last = talk("planner")[-1]
    speakers = [speaker for speaker, _ in last.context]
    assert speakers.count("User") == len(WORDS) == last.turn
    assert ("Agent", '[ACTION] take_email {"email": "[EMAIL_1]"}') in last.context
    assert speakers.count("Observation") == sum(text.startswith("[ACTION] ") for _, text in last.context)


def test_a_hosted_engines_refusals_are_recorded_too(
    traces: Path, make_hosted: Callable[..., Hosted], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted = make_hosted(retries=1)
    number = {"order_number": NUMBER}
    steps = [
        Call("refund_everything", {"card": "4111 1111 1111 1111"}),
        Cut(),
        Call("take_order_number", number),
        "Ok?",
    ]
    hosted.say(f"Return order {NUMBER}", *steps)
    recorded = list(read_traces(traces))
    assert [(one.choice, one.outcome) for one in recorded] == [
        ("refund_everything", "refused"),
        ("take_order_number", "accepted"),
        (None, "replied"),
    ]
    assert recorded[0].args == {"card": "[CARD_1]"}
    assert {one.engine for one in recorded} == {"openai:test-model"}


def test_calls_side_by_side_are_a_line_each_in_their_order(traces: Path, make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted()
    calls = [Call("pursue", {"goal": "arrange_return"}), Call("choose_items", {"items": [{"words": "jeans"}]})]
    hosted.say("Return the jeans", calls, "Your order number?")
    first, second, _ = sorted(read_traces(traces), key=lambda trace: len(trace.context))
    assert (first.choice, second.choice) == ("pursue", "choose_items")
    assert second.context == (*first.context, ("Agent", '[ACTION] pursue {"goal": "arrange_return"}'))


def test_a_scripted_engine_is_recorded(traces: Path) -> None:
    create_agent(ScriptedEngine([{"say": "Hello!"}]), [], recorder=open_recorder(traces)).invoke(said("hi"))
    (trace,) = read_traces(traces)
    assert (trace.choice, trace.reply, trace.engine) == (None, "Hello!", "script")


def test_without_the_setting_nothing_is_written(tmp_path: Path) -> None:
    create_agent(ScriptedEngine([{"say": "Hello!"}]), []).invoke(said("hi"))
    assert not list(tmp_path.rglob("*.jsonl"))


def test_a_disk_without_room_does_not_stop_the_conversation(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    recorder = open_recorder(tmp_path / "file" / "traces.jsonl")
    state = create_agent(ScriptedEngine([{"say": "Hello!"}]), [], recorder=recorder).invoke(said("hi"))
    assert state["messages"][-1].text == "Hello!"
    assert "conversations go on" in caplog.text


def test_the_line_is_json_with_the_fields_of_the_contract(talk: Callable[[Any], list[Trace]], traces: Path) -> None:
    talk("planner")
    fields = set(json.loads(traces.read_text(encoding="utf-8").splitlines()[0]))
    assert fields == set(Line.model_fields)
