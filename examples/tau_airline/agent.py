"""The agent: fourteen actions, the airline's policy as its prompt, the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.tau_airline import book, cancel, change, compensate, look_up
from examples.tau_airline.store import Store
from examples.tau_retail import assist
from shopbot.agents import create_agent
from shopbot.prompts import add_prompts
from shopbot.tools import Action

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

PROMPTS = Path(__file__).parent / "prompts"
LOOK_UPS = [look_up.get_user_details, look_up.get_reservation_details, look_up.get_flight_status]
SEARCHES = [look_up.search_direct_flight, look_up.search_onestop_flight, look_up.list_all_airports]
CHANGES = [
    change.update_reservation_flights,
    change.update_reservation_baggages,
    change.update_reservation_passengers,
    cancel.cancel_reservation,
]
OTHERS = [compensate.send_certificate, assist.calculate, assist.think, assist.transfer_to_human_agents]
ACTIONS: list[Action] = [*LOOK_UPS, *SEARCHES, book.book_reservation, *CHANGES, *OTHERS]


def create_desk(
    engine: BaseChatModel, store: Store, policy: str = "", checkpointer: Any = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A service desk over `store`; `policy` is the text that tells the engine what the contracts enforce."""
    add_prompts(PROMPTS)
    settings = {"services": store, "checkpointer": checkpointer, "hand_over": "transfer_to_human_agents"}
    return create_agent(engine, ACTIONS, policy, name="airline desk", restated=True, **settings)
