"""The retail clerk over tau-bench's database: a contract for each tool, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from examples.tau_retail import ACTIONS, Store, create_clerk, open_store
from shopbot.engines.scripted import ScriptedEngine
from tests.examples.recorded import recorded

ORDER = "#W2378156"
KEYBOARD, CLICKY = "1151293680", "7706410293"
CARD = "credit_card_9513926"
HELLO = f"I am Yusuf Rossi, my zip code is 19122. For {ORDER}, exchange {KEYBOARD} for {CLICKY}, refund to {CARD}."
FIND = {"call": "find_user_id_by_name_zip", "args": {"first_name": "Yusuf", "last_name": "Rossi", "zip": "19122"}}
LOOK = {"call": "get_order_details", "args": {"order_id": ORDER}}
EXCHANGE = {
    "call": "exchange_delivered_order_items",
    "args": {"order_id": ORDER, "item_ids": [KEYBOARD], "new_item_ids": [CLICKY], "payment_method_id": CARD},
}
DONE = {"say": "Done."}


@pytest.fixture(scope="module")
def database() -> Store:
    return open_store(recorded("tau/retail_db.json.gz"))


@pytest.fixture
def store(database: Store) -> Iterator[Store]:
    """The database with the order as it was; only this order is changed here."""
    before = dict(database.orders[ORDER])
    yield database
    database.orders[ORDER] = before


def talk(store: Store, steps: list[Any], *said: str) -> dict[str, Any]:
    """The state after the customer said these words to a clerk whose engine takes these steps."""
    clerk = create_clerk(ScriptedEngine(steps), store, checkpointer=InMemorySaver())
    state: dict[str, Any] = {}
    for words in said:
        state = clerk.invoke({"messages": [("user", words)]}, {"configurable": {"thread_id": "t"}})
    return state


def test_every_tool_of_the_benchmark_has_its_contract() -> None:
    writes = [action for action in ACTIONS if action.effect == "write"]
    assert (len(ACTIONS), len(writes)) == (16, 7)
    assert all(action.confirm and action.rules for action in writes)


def test_an_exchange_is_asked_for_and_then_done(store: Store) -> None:
    steps = [FIND, LOOK, EXCHANGE, EXCHANGE, DONE]
    state = talk(store, steps[:3], HELLO)
    assert KEYBOARD in state["messages"][-1].text
    assert state["awaiting"] == "confirmation"
    talk(store, steps, HELLO, f"Yes, please exchange {KEYBOARD} for {CLICKY}. Thank you!")
    assert store.order(ORDER)["status"] == "exchange requested"


def test_an_order_that_was_not_looked_at_is_not_changed(store: Store) -> None:
    engine = ScriptedEngine([FIND, EXCHANGE, {"say": "One moment."}])
    create_clerk(engine, store).invoke({"messages": [("user", HELLO)]})
    assert "it needs order:" in engine.heard[-1][-1].text


def test_what_is_against_a_rule_is_not_even_asked(store: Store) -> None:
    cancel = {"call": "cancel_pending_order", "args": {"order_id": ORDER, "reason": "no longer needed"}}
    engine = ScriptedEngine([FIND, LOOK, cancel, {"say": "It is delivered."}])
    create_clerk(engine, store).invoke({"messages": [("user", HELLO)]})
    assert "'delivered'; this is possible only for a pending one" in engine.heard[-1][-1].text


def test_another_customers_order_stays_unseen(store: Store) -> None:
    other = next(key for key, order in store.orders.items() if order["user_id"] != "yusuf_rossi_9620")
    look = {"call": "get_order_details", "args": {"order_id": other}}
    state = talk(store, [FIND, look, {"say": "I cannot."}], f"{HELLO} And what is in {other}?")
    assert [m.name for m in state["messages"] if isinstance(m, ToolMessage)] == ["find_user_id_by_name_zip"]
