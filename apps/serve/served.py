"""What is served: ShopBot over its shop, or an agent of somebody's own."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbot.errors import AgentError

if TYPE_CHECKING:
    from shopbot.agents.postgres.worker import Worker
    from shopbot.shop.settings import Settings
    from shopbot.tools.shop.services import ShopServices


class AgentNotServed(AgentError):
    """What `--agent` names cannot be served."""


@dataclass(frozen=True)
class Served:
    """An open agent; `desk` is the shop it works for, if it is ShopBot."""

    agent: Any
    name: str
    engine: str
    desk: ShopServices | None = None

    @property
    def data(self) -> Path | None:
        """The shop's data folder."""
        return self.desk.shop.settings.data if self.desk else None


@contextmanager
def open_served(settings: Settings, agent: str | None, worker: Worker | None = None) -> Iterator[Served]:
    """The agent that `agent` names as module:factory, else ShopBot, with its memory in the data folder, or in the
    PostgreSQL of the `worker`.

    Raises:
        AgentNotServed: there is no such factory, or what it makes is no agent that remembers.
        AgentError: the shop or its engine cannot be opened.
    """
    from shopbot.agents.memory import open_memory

    place = settings.data / "agent.db" if agent else settings.conversations
    with open_memory(worker or place, settings.seal) as memory:
        if agent is not None:
            yield _own_agent(agent, memory, settings.engine)
            return
        from shopbot.agents.shopbot import create_shopbot
        from shopbot.shop.engine import configured_engine
        from shopbot.shop.shop import open_shop
        from shopbot.tools.shop.services import ShopServices

        engine = configured_engine(settings)
        with open_shop(settings) as shop:
            desk = ShopServices(shop)
            try:
                yield Served(create_shopbot(engine, desk=desk, checkpointer=memory), "shopbot", settings.engine, desk)
            finally:
                desk.close()


def _own_agent(spec: str, memory: Any, engine: str) -> Served:
    module, colon, name = spec.partition(":")
    try:
        if not colon:
            raise ImportError("there is no ':' in it")
        factory = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise AgentNotServed(
            f"--agent is {spec!r}: {error}. Name a function that makes an agent as module:function."
        ) from None
    made = _made(factory, memory, spec)
    if not hasattr(made, "astream") or not getattr(made, "checkpointer", None):
        raise AgentNotServed(
            f"--agent {spec} makes {type(made).__name__}, which is no agent that remembers: let the function take "
            "`checkpointer` and pass it to create_agent."
        )
    return Served(made, getattr(made, "name", None) or name, engine)


def _made(factory: Any, memory: Any, spec: str) -> Any:
    """What the factory makes; an agent that stands there ready is taken as it is."""
    if not callable(factory) or hasattr(factory, "ainvoke"):
        return factory
    takes = inspect.signature(factory).parameters
    try:
        return factory(**({"checkpointer": memory} if "checkpointer" in takes else {}))
    except Exception as error:
        raise AgentNotServed(
            f"--agent {spec} makes no agent ({type(error).__name__}: {error}): call the function by itself first."
        ) from error
