"""The agent: sixteen actions, the shop's policy as its prompt, the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.tau_retail.addresses import modify_pending_order_address, modify_user_address
from examples.tau_retail.assist import calculate, think, transfer_to_human_agents
from examples.tau_retail.cancel import cancel_pending_order
from examples.tau_retail.exchange_items import exchange_delivered_order_items
from examples.tau_retail.identify import find_user_id_by_email, find_user_id_by_name_zip, get_user_details
from examples.tau_retail.look_up import get_order_details, get_product_details, list_all_product_types
from examples.tau_retail.modify_items import modify_pending_order_items
from examples.tau_retail.modify_payment import modify_pending_order_payment
from examples.tau_retail.return_items import return_delivered_order_items
from examples.tau_retail.store import Store
from shopbot.agents import create_agent
from shopbot.prompts import add_prompts
from shopbot.tools import Action

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

PROMPTS = Path(__file__).parent / "prompts"
ACTIONS: list[Action] = [
    find_user_id_by_email,
    find_user_id_by_name_zip,
    get_user_details,
    get_order_details,
    get_product_details,
    list_all_product_types,
    cancel_pending_order,
    return_delivered_order_items,
    exchange_delivered_order_items,
    modify_pending_order_items,
    modify_pending_order_payment,
    modify_pending_order_address,
    modify_user_address,
    calculate,
    think,
    transfer_to_human_agents,
]


def create_clerk(
    engine: BaseChatModel, store: Store, policy: str = "", checkpointer: Any = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A clerk of the shop over `store`; `policy` is the text that tells the engine what the contracts enforce."""
    add_prompts(PROMPTS)
    return create_agent(
        engine,
        ACTIONS,
        policy,
        services=store,
        checkpointer=checkpointer,
        hand_over="transfer_to_human_agents",
        restated=True,
        name="retail clerk",
    )
