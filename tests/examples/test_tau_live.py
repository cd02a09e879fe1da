"""tau2-bench's seat, taken by an agent behind the gate: what was done is told call by call, and the reply last."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.tau_live.desk import GatedAgent
from benchmarks.tau_live.simulate import NoBenchmark, make_desk, pass_hat, simulate, tau2
from examples.tau_retail import open_store
from shopbot.engines.scripted import ScriptedEngine
from tests.examples.recorded import recorded

ORDER = "#W2378156"
FIND = {"call": "find_user_id_by_name_zip", "args": {"first_name": "Yusuf", "last_name": "Rossi", "zip": "19122"}}
LOOK = {"call": "get_order_details", "args": {"order_id": ORDER}}
INVENTED = {"call": "get_order_details", "args": {"order_id": "#W0000000"}}
CANCEL = {"call": "cancel_pending_order", "args": {"order_id": ORDER, "reason": "no longer needed"}}
HELLO = f"I am Yusuf Rossi, zip code 19122. Cancel {ORDER}, it is no longer needed."


class Customer:
    """What the orchestrator hands over."""

    def __init__(self, content: str) -> None:
        self.content = content


class Plain:
    """Messages to the orchestrator as tuples."""

    def says(self, text: str) -> Any:
        return ("says", text)

    def calls(self, call_id: str, name: str, args: dict[str, Any]) -> Any:
        return ("calls", name)


def turn(steps: list[Any], *, plain: bool = False) -> list[Any]:
    """What the orchestrator hears of one turn."""
    records = vars(open_store(recorded("tau/retail_db.json.gz")))
    agent = GatedAgent(make_desk("retail", ScriptedEngine(steps), records, "", plain=plain), Plain())
    state, heard = agent.get_init_state(), []
    while not heard or heard[-1][0] != "says":
        message, state = agent.generate_next_message(Customer(HELLO), state)
        heard.append(message)
    return heard


def test_what_was_done_is_told_and_what_was_refused_is_not() -> None:
    heard = turn([FIND, INVENTED, LOOK, CANCEL, {"say": "It is delivered: it can be returned."}])
    assert heard[:-1] == [("calls", "find_user_id_by_name_zip"), ("calls", "get_order_details")]
    assert "delivered" in heard[-1][1]


def test_with_the_gate_off_the_same_calls_are_all_made() -> None:
    heard = turn([FIND, LOOK, CANCEL, {"say": "Cancelled."}], plain=True)
    assert ("calls", "cancel_pending_order") in heard


def test_pass_k_is_the_chance_that_k_trials_all_succeed() -> None:
    assert pass_hat([2, 1], trials=2) == {1: 0.75, 2: 0.5}


def test_the_benchmarks_own_orchestrator_runs_the_agent() -> None:
    try:
        tasks = tau2("registry").registry.get_tasks_loader("retail")()
        messages, base = tau2("data_model.message"), tau2("user.user_simulator")
    except NoBenchmark as error:
        pytest.skip(str(error))

    class Script(base.UserSimulator):  # type: ignore[misc, name-defined]
        """A customer who says two things."""

        def generate_next_message(self, message: Any, state: Any) -> Any:
            said = HELLO if not state.messages else "###STOP###"
            state.messages.append(message)
            return messages.UserMessage(role="user", content=said, cost=0.0), state

    engine = ScriptedEngine([FIND, LOOK, {"say": "It is delivered."}])
    user = Script(tools=None, instructions="", llm="none", llm_args={})
    simulation = simulate("retail", tasks[0], engine, user)
    names = [call.name for message in simulation.messages for call in getattr(message, "tool_calls", None) or []]
    assert names == ["find_user_id_by_name_zip", "get_order_details"]
    assert simulation.reward_info is not None
