"""What our `create_agent` takes of LangChain's, and what it says when it is given something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.memory import InMemoryStore
from mistakes import TOGETHER
from pydantic import BaseModel
from typing_extensions import TypedDict

from shopbot import create_agent
from shopbot.agents import Gate
from shopbot.testing import Conversation, Script, ScriptRanOut
from shopbot.tools import Call, ContractError, Observation, Source, action

HELLO: Any = {"messages": [HumanMessage("hello, it is 4711")]}


@dataclass
class Context:
    """Who asks, as the program knows it."""

    tenant: str


class Answer(BaseModel):
    """What was found."""

    card: str


@action(gives=("card",))
def look(call: Call[Any], card: Annotated[str, Source.USER]) -> Observation:
    """Look at a card."""
    return Observation(f"{card} of {call.services}", facts={"card": card})


@action(effect="write")
def pay(call: Call[Any]) -> Observation:
    """Pay."""
    call.services.append(call.key)
    return Observation("paid")


LOOK = {"call": "look", "args": {"card": "4711"}}
RESULT = {"call": "give_result", "args": {"card": "4711"}}


def test_services_may_come_from_the_context_of_a_run() -> None:
    agent = create_agent(
        Script(LOOK, {"say": "Fine."}), [look], context_schema=Context, services=lambda run: run.context.tenant
    )
    assert agent.invoke(HELLO, context=Context("library"))["messages"][2].text == "4711 of library"


def test_services_may_come_from_the_store_of_a_run() -> None:
    store = InMemoryStore()
    store.put(("tenants",), "mine", {"name": "library"})
    agent = create_agent(
        Script(LOOK, {"say": "Fine."}),
        [look],
        store=store,
        services=lambda run: run.store.get(("tenants",), "mine").value,
    )
    assert agent.invoke(HELLO)["messages"][2].text == "4711 of {'name': 'library'}"


def test_an_engine_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("- say: Good morning.")
    assert create_agent(f"script:{tmp_path / 'script.yaml'}", []).invoke(HELLO)["messages"][-1].text == "Good morning."


def test_the_state_may_have_fields_of_its_own() -> None:
    class More(TypedDict):
        tenant: str

    agent = create_agent(Script({"say": "Hello."}), [], state_schema=More)
    assert agent.invoke({**HELLO, "tenant": "library"})["tenant"] == "library"


@pytest.mark.parametrize("schema", [{"result": Answer}, {"response_format": Answer}])
def test_a_response_format_is_the_result(schema: dict[str, Any]) -> None:
    assert create_agent(Script(RESULT), [], **schema).invoke(HELLO)["structured_response"] == Answer(card="4711")


def test_langchains_own_strategies_pass_the_gate() -> None:
    agent = create_agent(
        Script(LOOK, {"call": "Answer", "args": {"card": "4711"}}), [look], response_format=ToolStrategy(Answer)
    )
    state = agent.invoke(HELLO)
    assert (state["structured_response"], state["facts"]) == (Answer(card="4711"), {"card": "4711"})


def test_a_question_may_be_asked_on_the_way_to_a_result(tmp_path: Path) -> None:
    with SqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
        script = Script({"say": "Which card?"}, RESULT, {"say": "You are welcome."})
        talk = Conversation(create_agent(script, [], result=Answer | str, checkpointer=saver))
        assert (talk.say("hello")["structured_response"], talk.reply) == (None, "Which card?")
        assert talk.say("4711")["structured_response"] == Answer(card="4711")
        assert talk.say("thanks")["structured_response"] is None


def test_a_key_is_of_one_run_where_nothing_keeps_the_conversation() -> None:
    keys: list[str] = []
    for _ in range(2):
        create_agent(Script({"call": "pay"}, {"say": "Paid."}), [pay], services=keys).invoke(HELLO)
    assert len(set(keys)) == 2


def test_a_derived_value_is_what_its_function_makes_of_the_users_words() -> None:
    def dozens(text: str) -> int | None:
        return 12 * text.count("dozen") or None

    @action(gives=("eggs",))
    def order(call: Call[Any], eggs: Annotated[int, Source.DERIVED(by=dozens)]) -> Observation:
        """Order eggs."""
        return Observation("ordered", facts={"eggs": eggs})

    calls = [{"call": "order", "args": {"eggs": number}} for number in (36, 24)]
    agent = create_agent(Script(*calls, {"say": "Ordered."}), [order])
    state = agent.invoke({"messages": [HumanMessage("a dozen eggs and another dozen")]})
    assert state["facts"] == {"eggs": 24}


@pytest.mark.parametrize("mistake", TOGETHER)
def test_contracts_that_do_not_fit_together_are_told(mistake: str) -> None:
    make, sentence = TOGETHER[mistake]
    for agent in (lambda actions: create_agent(Script(), actions), Gate):
        with pytest.raises(ContractError) as found:
            agent(make())  # type: ignore[arg-type]
        assert str(found.value) == sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"hand_over": "look"},
            "The action 'look' is to hand over and requires 'card', which nobody would write: give its arguments "
            "defaults.",
        ),
        ({"hand_over": "loook"}, "there is no action 'loook': name one of look"),
        ({"engine": look}, "The engine is a Action: give a LangChain chat model, or a spec such as 'openai:MODEL'."),
        (
            {"result": dict},
            "The result is <class 'dict'>: give one pydantic model, or Model | str if words will do as well.",
        ),
    ],
)
def test_what_does_not_belong_there_is_told(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ContractError) as found:
        create_agent(**{"engine": Script(), "actions": [look], **options})
    assert str(found.value) == sentence


def test_a_fact_that_the_state_brings_is_named() -> None:
    @action(needs=("member",))
    def greet(call: Call[Any]) -> Observation:
        """Greet a member."""
        return Observation(f"hello {call.facts['member']}")

    agent = create_agent(Script({"call": "greet"}, {"say": "Hello!"}), [greet], given=["member"])
    assert agent.invoke({**HELLO, "facts": {"member": "Ann"}})["messages"][2].text == "hello Ann"


def test_a_script_that_runs_out_is_loud_behind_the_gate_too() -> None:
    with pytest.raises(ScriptRanOut):
        create_agent(Script(), [], checkpointer=InMemorySaver()).invoke(HELLO, {"configurable": {"thread_id": "t"}})
