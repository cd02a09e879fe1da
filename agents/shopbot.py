"""`create_shopbot`: the customer-service agent, built with `create_agent` and the actions in `tools/`."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

    from shopbot.agents.memory import Memory
    from shopbot.agents.postgres.memory import PostgresMemory
    from shopbot.shop.settings import Settings
    from shopbot.tools.action import Action
    from shopbot.tools.shop.services import ShopServices

_opening = threading.Lock()
_open_desks: weakref.WeakSet[ShopServices] = weakref.WeakSet()
_memories: weakref.WeakKeyDictionary[ShopServices, Memory | PostgresMemory] = weakref.WeakKeyDictionary()


def create_shopbot(
    engine: BaseChatModel | str | None = None,
    *,
    desk: ShopServices | None = None,
    checkpointer: Any = None,
    verify: bool | None = None,
    walk: bool = False,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """ShopBot: policies with citations, orders, sums and returns, for one shop.

    Args:
        engine: a chat model or an engine spec ("planner", "openai:MODEL"); by default `SHOPBOT_ENGINE`.
        desk: the open shop; by default the one that the environment names, shared by all agents that are made so and
            open as long as one of them is there. `open_shopbot` closes it at a moment of its own.
        checkpointer: where conversations are kept; by default in the shop's PostgreSQL, or in its data folder.
        verify: whether a generative engine's answers from the policies go through a chain of verification; by default
            `SHOPBOT_VERIFY`.
        walk: whether certain steps of the plan are taken without asking the engine.

    Raises:
        SettingsError, DatabaseError, EngineError: the shop or the engine cannot be opened.
    """
    from shopbot.agents.agent import create_agent
    from shopbot.engines.recording import open_recorder
    from shopbot.prompts import render
    from shopbot.shop.engine import configured_engine

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
        walk=walk,
        now=desk.shop.now,
        name="shopbot",
    )


@contextmanager
def open_shopbot(
    engine: BaseChatModel | str | None = None, *, settings: Settings | None = None, verify: bool | None = None
) -> Iterator[CompiledStateGraph[Any, Any, Any, Any]]:
    """ShopBot as `create_shopbot` makes it, over a shop of its own: everything it opened is closed at the end.

    Args:
        engine: as for `create_shopbot`.
        settings: which shop; by default the one that the environment names.
        verify: as for `create_shopbot`.

    Raises:
        SettingsError, DatabaseError, EngineError: the shop or the engine cannot be opened.
    """
    from shopbot.agents.memory import open_memory
    from shopbot.shop.settings import load_settings
    from shopbot.shop.shop import open_shop
    from shopbot.tools.shop.services import ShopServices

    settings = settings or load_settings()
    with open_shop(settings) as shop, open_memory(settings.conversations, settings.seal) as memory:
        desk = ShopServices(shop)
        try:
            yield create_shopbot(engine, desk=desk, checkpointer=memory, verify=verify)
        finally:
            desk.close()


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
    from shopbot.tools.shop.troubles import fit_for_customers

    actions = [
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
    return [fit_for_customers(action) for action in actions]


def _default_desk() -> ShopServices:
    """The services of the environment's shop: one for all agents, closed when the last of them is collected."""
    from shopbot.errors import extra

    with extra("all", "ShopBot"):
        from shopbot.shop.settings import load_settings
        from shopbot.shop.shop import open_shop
        from shopbot.tools.shop.services import ShopServices

    settings = load_settings()
    with _opening:
        for known in _open_desks:
            if known.shop.settings == settings:
                return known
        closing = ExitStack()
        desk = ShopServices(closing.enter_context(open_shop(settings)), closing=closing)
        atexit.register(closing.close)
        weakref.finalize(desk, _close_aside, closing).atexit = False
        _open_desks.add(desk)
        return desk


def _close_aside(closing: ExitStack) -> None:
    # The collector may call from any thread and under any lock; a shop that closes waits for threads of its own.
    atexit.unregister(closing.close)
    threading.Thread(target=closing.close, name="closing shop").start()


def _default_memory(desk: ShopServices) -> Memory | PostgresMemory:
    """The conversations of the desk's shop, open as long as the desk is."""
    from shopbot.agents.memory import open_memory

    with _opening:
        if desk not in _memories:
            opening = open_memory(desk.shop.settings.conversations, desk.shop.settings.seal)
            _memories[desk] = opening.__enter__()
            weakref.finalize(desk, opening.__exit__, None, None, None)
        return _memories[desk]
