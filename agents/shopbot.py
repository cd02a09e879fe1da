"""`create_shopbot`: the customer-service agent, built with `create_agent` and the actions in `tools/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

    from shopbot.tools.action import Action
    from shopbot.tools.shop.desk import Desk


def create_shopbot(
    engine: BaseChatModel | str | None = None,
    *,
    desk: Desk | None = None,
    checkpointer: Any = None,
    verify: bool | None = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """ShopBot: policies with citations, orders, sums and returns, for one shop.

    Args:
        engine: a chat model or an engine spec ("planner", "openai:MODEL"); by default `SHOPBOT_ENGINE`.
        desk: the open shop; by default the one that the environment names, open until the program ends.
        checkpointer: where conversations are kept; by default a SQLite file in the shop's data folder.
        verify: whether a generative engine's answers from the policies go through a chain of verification; by default
            `SHOPBOT_VERIFY`.

    Raises:
        SettingsError, DatabaseError, EngineError: the shop or the engine cannot be opened.
    """
    from shopbot.agents.agent import create_agent
    from shopbot.engines.recording import open_recorder
    from shopbot.engines.shopbot.configured import configured_engine
    from shopbot.prompts import render

    desk = desk or _default_desk()
    settings = desk.shop.settings
    if engine is None or isinstance(engine, str):
        engine = configured_engine(settings, engine)
    return create_agent(
        engine,
        shop_actions(),
        render("shopbot/system.j2", shop=desk.shop.profile),
        services=desk,
        checkpointer=checkpointer or _default_memory(desk),
        hand_over="hand_over",
        recorder=open_recorder(settings.traces),
        verify=settings.verify if verify is None else verify,
        name="shopbot",
    )


def shop_actions() -> list[Action]:
    """Every action of ShopBot, in the order in which a model sees them."""
    from shopbot.tools.calculator import calculate
    from shopbot.tools.pal import run_program
    from shopbot.tools.shop.arrange_return import arrange_return
    from shopbot.tools.shop.cancel_return import cancel_return
    from shopbot.tools.shop.check_return import check_return
    from shopbot.tools.shop.choose_items import choose_items
    from shopbot.tools.shop.hand_over import hand_over
    from shopbot.tools.shop.identity import take_email, take_order_number, verify_customer
    from shopbot.tools.shop.orders import look_up_order, return_status, show_order, track_order
    from shopbot.tools.shop.policies import search_policies
    from shopbot.tools.shop.query_orders import query_orders

    return [
        take_order_number,
        take_email,
        verify_customer,
        look_up_order,
        choose_items,
        check_return,
        arrange_return,
        cancel_return,
        show_order,
        track_order,
        return_status,
        query_orders,
        search_policies,
        calculate,
        run_program,
        hand_over,
    ]


def _default_desk() -> Desk:
    """A desk for the shop of the environment, closed when the program ends."""
    import atexit

    from shopbot.errors import extra

    with extra("all", "ShopBot"):
        from shopbot.shop.settings import load_settings
        from shopbot.shop.shop import open_shop
        from shopbot.tools.shop.desk import Desk

    opening = open_shop(load_settings())
    shop = opening.__enter__()
    atexit.register(opening.__exit__, None, None, None)
    return Desk(shop)


def _default_memory(desk: Desk) -> Any:
    import atexit

    from shopbot.agents.memory import open_memory

    opening = open_memory(desk.shop.settings.data / "conversations.db")
    memory = opening.__enter__()
    atexit.register(opening.__exit__, None, None, None)
    return memory
