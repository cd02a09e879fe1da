"""The parts of a running server, made once and handed to every endpoint as `request.app.state.server`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from shopbot.apps.serve.access import Access, Caller
from shopbot.apps.serve.accounts import ACCOUNTS, Accounts
from shopbot.apps.serve.desk.sessions import Sessions
from shopbot.apps.serve.hub import Hub
from shopbot.apps.serve.limits import RateLimit, network
from shopbot.apps.serve.metrics import Metrics
from shopbot.apps.serve.settings import ServeSettings, is_loopback
from shopbot.apps.serve.store import Store
from shopbot.apps.serve.turns import Turns

if TYPE_CHECKING:
    from shopbot.apps.serve.served import Served
    from shopbot.shop.settings import Settings

THREADS = 64
"""An action that waits for a label or a slow model holds one."""
GRACE_S = 10.0
PER_CONVERSATION = 30
"""Messages a minute of one conversation."""
logger = logging.getLogger(__name__)


class Server:
    """Everything that requests share."""

    def __init__(
        self, settings: Settings, serve: ServeSettings, secret: str, store: Store, *, host: str, agent: str | None
    ) -> None:
        self.settings = settings
        self.serve = serve
        self.host = host
        self.agent = agent
        self.store = store
        self.hub = Hub()
        self.metrics = Metrics()
        self.access = Access(secret, Accounts(settings.data / ACCOUNTS), loopback=is_loopback(host))
        self.by_address = RateLimit(serve.rate)
        self.by_conversation = RateLimit(PER_CONVERSATION)
        self.by_key: dict[str, RateLimit] = {}
        self.logins = RateLimit(12)
        self.desk_sessions = Sessions()
        self.served: asyncio.Future[Served]
        self.turns: Turns
        self.metrics.gauge("shopbot_listeners", lambda: self.hub.size)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the agent in the background, so that the first page is there at once; at the end, let turns end."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="serve"))
        self.served = loop.create_future()
        self.turns = Turns(self.served, self.store, self.hub, self.metrics)
        with ExitStack() as stack:
            opening = asyncio.create_task(self._open(stack))
            try:
                yield
            finally:
                self.hub.stop()
                await self.turns.close(GRACE_S)
                await opening
                await asyncio.to_thread(stack.close)

    async def _open(self, stack: ExitStack) -> None:
        try:
            self.served.set_result(await asyncio.to_thread(self._open_now, stack))
        except Exception as error:
            logger.exception("the agent could not be opened")
            self.served.set_exception(error)
            self.served.exception()  # it is shown by /ready; nobody else may be waiting
            return
        await self.turns.take_up()

    def _open_now(self, stack: ExitStack) -> Served:
        from shopbot.apps.serve.served import open_served

        return stack.enter_context(open_served(self.settings, self.agent))

    def limit(self, request: Request, caller: Caller) -> None:
        """Count a request that costs something.

        Raises:
            Problem: it is one too many.
        """
        if caller.rate is not None:
            self.by_key.setdefault(f"{caller.name} {caller.rate}", RateLimit(caller.rate)).take(caller.name)
            return
        self.by_address.take(network(request.client.host if request.client else ""))


def server_of(request: Request) -> Server:
    """The server that this request came to."""
    server: Server = request.app.state.server
    return server


def wording(server: Server) -> dict[str, Any]:
    """What the pages say, for this shop."""
    from shopbot.prompts import load_data
    from shopbot.shop.profile import load_profile

    name = load_profile(server.settings.shop).name if server.agent is None else server.agent.partition(":")[2]
    texts: dict[str, Any] = dict(load_data("serve/chat.yaml"))
    return {key: value.replace("{shop}", name) if isinstance(value, str) else value for key, value in texts.items()}
