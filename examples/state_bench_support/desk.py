"""The agent: sixteen actions for the benchmark's eleven tools, and the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.state_bench_support import cancel, exchange, look_up, refund, return_item, warranty
from examples.state_bench_support.store import Store
from shopbot.agents import create_agent
from shopbot.tools import Action

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

LOOK_UPS = [look_up.get_order, look_up.get_customer, look_up.get_policies, look_up.get_warranty_status]
PRODUCTS = [look_up.get_product_details, look_up.search_products]
PREVIEWS = {
    "process_return": return_item.preview_return,
    "process_refund": refund.preview_refund,
    "process_exchange": exchange.preview_exchange,
    "cancel_order": cancel.preview_cancellation,
    "process_warranty_claim": warranty.preview_warranty_claim,
}
"""What each tool does with `confirm: false`."""
WRITES = [return_item.process_return, refund.process_refund, exchange.process_exchange, cancel.cancel_order]
ACTIONS: list[Action] = [*LOOK_UPS, *PRODUCTS, *PREVIEWS.values(), *WRITES, warranty.process_warranty_claim]


def create_desk(
    engine: BaseChatModel, store: Store, policy: str = "", checkpointer: Any = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A service desk over `store`; `policy` is the text that tells the engine what the contracts enforce."""
    return create_agent(engine, ACTIONS, policy, name="support desk", services=store, checkpointer=checkpointer)
