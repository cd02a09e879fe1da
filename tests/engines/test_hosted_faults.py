"""A model's server that fails on the wire: a conversation gets over whatever passes, and over what does not pass the
customer hears an apology; never half an answer, never an answer for ever awaited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chat_faults import Body, Cut, Drip, ErrorEvent, Fault, Hang, NoChoices, Status
from chat_server import Call, ChatServer
from hosted_shopbot import THREAD, Hosted, said
from ways import WAYS

from shopbot.agents import create_agent
from shopbot.agents.budget import Budget, Limits
from shopbot.engines import make_engine
from shopbot.engines.hosted_engine import LONGEST_ANSWER
from shopbot.prompts import load_data

SAYS = load_data("agent/says.yaml")
SILENT = ("hang", "drip")
FAULTS = {
    "rate limit": Status(429, "0.01"),
    "server error": Status(500),
    "hang": Hang(),
    "cut": Cut(),
    "drip": Drip(),
    "html": Body("text/html", "<html><body>Bad gateway</body></html>"),
    "not json": Body("application/json", '{"choices": [{"mess'),
    "no json object": Body("application/json", "[]"),
    "no choices": NoChoices(),
    "error event": ErrorEvent(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_passes_is_not_noticed(name: str, way: str, make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(retries=2, patience_s=0.8 if name in SILENT else 60)
    number = Call("take_order_number", {"order_number": "123456"})
    hosted.server.steps += [number, FAULTS[name], "And your e-mail address?"]
    state = WAYS[way](hosted, "Return order 123456")
    assert state["messages"][-1].text == "And your e-mail address?"
    assert state["facts"]["order_number"] == "123456"
    assert hosted.server.steps == []


@pytest.mark.parametrize("way", ["invoke", "stream"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_stays_is_an_apology_and_the_conversation_goes_on(
    name: str, way: str, make_hosted: Callable[..., Hosted]
) -> None:
    hosted = make_hosted(retries=1, patience_s=0.8 if name in SILENT else 60)
    before = hosted.written
    hosted.server.always = FAULTS[name]
    reply = WAYS[way](hosted, "hello")["messages"][-1].text
    assert reply in (SAYS["broken"], SAYS["lost"])
    assert len(hosted.server.requests) <= 3 * 2
    hosted.server.always = "Hello!"
    assert WAYS[way](hosted, "hello again")["messages"][-1].text == "Hello!"
    assert hosted.written == before


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_of_a_megabyte_is_left_and_not_kept(way: str, make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(retries=2)
    hosted.server.steps.append("word " * 200_000)
    state = WAYS[way](hosted, "hello")
    assert state["messages"][-1].text == SAYS["broken"]
    assert len(hosted.server.requests) == 1
    assert WAYS[way](hosted, "again") is not None


@pytest.mark.parametrize("way", WAYS)
def test_arguments_of_a_megabyte_are_left_too(way: str, make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(retries=2)
    hosted.server.steps.append(Call("take_order_number", {"order_number": "1" * (LONGEST_ANSWER * 16)}))
    assert WAYS[way](hosted, "hello")["messages"][-1].text == SAYS["broken"]


def test_a_server_that_says_how_long_to_wait_is_obeyed(make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(retries=1)
    assert hosted.say("hello", Status(429, "0.3"), "Hello!") == "Hello!"
    first, second = hosted.server.times
    assert second - first >= 0.3


def test_nobody_waits_for_a_server_past_the_end_of_the_turn(make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(retries=2)
    assert hosted.say("hello", Status(429, "3600"), "Hello!") == SAYS["broken"]
    assert len(hosted.server.requests) == 1


@pytest.mark.parametrize("fault", [Hang(), Drip()])
@pytest.mark.parametrize("way", WAYS)
def test_the_budget_of_the_turn_ends_a_call_that_does_not_end(
    way: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    with ChatServer(always=fault) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        budget = Budget(turn=Limits(seconds=0.3))
        agent = create_agent(make_engine("openai:test-model"), [], checkpointer=InMemorySaver(), budget=budget)
        state = WAYS[way](Hosted(agent, server, None), "hello")  # type: ignore[arg-type]
    assert state["messages"][-1].text == SAYS["broken"]
    assert state["spent"]["turn"]["seconds"] < 30


@pytest.mark.parametrize(("setting", "streamed"), [("auto", False), ("on", True), ("off", False)])
def test_a_setting_says_whether_answers_are_streamed(
    setting: str, streamed: bool, make_hosted: Callable[..., Hosted]
) -> None:
    hosted = make_hosted(stream=setting)
    assert hosted.say("hello", "Hello!") == "Hello!"
    assert bool(hosted.server.requests[0].get("stream")) is streamed


def test_off_means_that_nothing_is_streamed_even_to_a_reader(make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(stream="off")
    hosted.server.steps.append("Hello!")
    pieces: list[Any] = list(hosted.agent.stream(said("hello"), THREAD, stream_mode="messages"))
    assert "".join(piece.text for piece, _ in pieces) == "Hello!"
    assert not hosted.server.requests[0].get("stream")
