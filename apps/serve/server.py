"""The parts of a running server, made once and handed to every endpoint as `request.app.state.server`."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from shopbot.apps.serve import letters, records, store
from shopbot.apps.serve.access import Access, Caller
from shopbot.apps.serve.accounts import ACCOUNTS, Accounts
from shopbot.apps.serve.desk_sessions import Sessions
from shopbot.apps.serve.hub import Hub
from shopbot.apps.serve.letters import Letters
from shopbot.apps.serve.limits import RateLimit, network
from shopbot.apps.serve.mailbox import MailboxAddress, read_imap_url
from shopbot.apps.serve.metrics import Metrics
from shopbot.apps.serve.records import Records
from shopbot.apps.serve.serve_file import ServeFile
from shopbot.apps.serve.served import AgentNotServed
from shopbot.apps.serve.settings import ServeSettings, is_loopback
from shopbot.apps.serve.store import Store

if TYPE_CHECKING:
    from shopbot.agents.postgres.worker import Worker
    from shopbot.apps.serve.served import Served
    from shopbot.apps.serve.shared.relay import Relay
    from shopbot.apps.serve.shared.sessions import SharedSessions
    from shopbot.apps.serve.shared.tables import ServeTables
    from shopbot.apps.serve.turns import Turns
    from shopbot.shop.settings import Settings

FILE = "serve.db"
"""The name of the server's file in the data folder."""
SCHEMAS = (store.SCHEMA, records.SCHEMA, letters.SCHEMA)
THREADS = 64
"""An action that waits for a label or a slow model holds one."""
GRACE_S = 10.0
SWEEP_S = 2.0
TIDY_S = 6 * 3600.0
PER_CONVERSATION = 30
"""Messages a minute of one conversation."""
logger = logging.getLogger(__name__)


class Server:
    """Everything that requests share."""

    def __init__(
        self,
        settings: Settings,
        serve: ServeSettings,
        secret: str,
        file: ServeFile | ServeTables,
        *,
        host: str,
        agent: str | None,
    ) -> None:
        self.settings = settings
        self.serve = serve
        self.host = host
        self.agent = agent
        self.letters = Letters(file)
        self.mailbox: MailboxAddress | None = (
            read_imap_url(serve.imap_url.get_secret_value()) if serve.imap_url else None
        )
        self.hub = Hub()
        self.worker: Worker | None = None
        self.relay: Relay | None = None
        if isinstance(file, ServeFile):
            self.store = Store(file)
            self.desk_sessions: Sessions | SharedSessions = Sessions()
        else:
            self._share(file)
        self.records = Records(file)
        self._file = file
        self.metrics = Metrics()
        self.access = Access(secret, Accounts(settings.data / ACCOUNTS), loopback=is_loopback(host))
        self.by_address = RateLimit(serve.rate)
        self.by_conversation = RateLimit(PER_CONVERSATION)
        self.by_key: dict[str, RateLimit] = {}
        self.logins = RateLimit(12)
        self.served: asyncio.Future[Served]
        self.turns: asyncio.Future[Turns]
        self.refusal: AgentNotServed | None = None
        """Why what `--agent` names cannot be served."""
        self._stopping = threading.Event()
        self.on_stop: list[Callable[[], None]] = []
        """What ends open responses besides event streams."""
        self.metrics.gauge("shopbot_listeners", lambda: self.hub.size)

    def _share(self, tables: ServeTables) -> None:
        """Serve together with other processes."""
        from shopbot.apps.serve.shared.relay import Relay
        from shopbot.apps.serve.shared.sessions import SharedSessions
        from shopbot.apps.serve.shared.store import SharedStore

        self.worker, self.store, self.desk_sessions = tables.worker, SharedStore(tables), SharedSessions(tables)
        self.relay = Relay(tables, self.store, self.hub)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load and open the agent in the background, so that the first page is there at once; at the end, end turns.

        `turns` takes messages on before the agent, `served`, is open; both are futures, to be awaited.
        """
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="serve"))
        self.served, self.turns = loop.create_future(), loop.create_future()
        with ExitStack() as stack:
            opening = asyncio.create_task(self._open(stack))
            caring = [asyncio.create_task(self._tidy())]
            if self.relay is not None:
                caring += [asyncio.create_task(self.relay.run()), asyncio.create_task(self._sweep())]
            try:
                yield
            finally:
                self.stop()
                await opening
                for task in caring:
                    task.cancel()
                await asyncio.gather(*caring, return_exceptions=True)
                if self.turns.exception() is None:
                    await self.turns.result().close(GRACE_S)
                await asyncio.to_thread(stack.close)

    def stop(self) -> None:
        """End whatever would be waited for: warming up, event streams, and what `on_stop` ends."""
        self._stopping.set()
        self.hub.stop()
        for end in self.on_stop:
            end()

    async def _open(self, stack: ExitStack) -> None:
        try:
            turns = (await asyncio.to_thread(import_module, "shopbot.apps.serve.turns")).Turns
            self.turns.set_result(turns(self.served, self.store, self.records, self.hub, self.metrics))
            self.served.set_result(await asyncio.to_thread(self._open_now, stack))
            await self.turns.result().take_up()
            await asyncio.to_thread(self._warm_up, self.served.result())
        except Exception as error:
            logger.exception("the agent could not be opened")
            self.refusal = error if isinstance(error, AgentNotServed) else None
            for future in (self.served, self.turns):
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # /ready shows it; nobody else may be waiting

    async def _sweep(self) -> None:
        """Every few seconds: take on what a worker that died, or an outage, has left unanswered."""
        turns = await self.turns
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await turns.take_up()
            except self.store.outages as error:
                logger.warning("nothing can be taken over now (%s)", error)

    async def _tidy(self) -> None:
        """Every few hours: forget what is too old, and cut checkpoints back, as `shopbot tidy` does."""
        served = await self.served
        while served.desk is not None:
            await asyncio.sleep(TIDY_S)
            from shopbot.apps.serve.keeping import Keeping
            from shopbot.apps.serve.tidy import tidy

            keeping = Keeping(self._file, served.agent.checkpointer)
            try:
                await asyncio.to_thread(tidy, keeping, self.settings.keep_days, datetime.now(UTC))
            except Exception:
                logger.exception("the conversations could not be tidied up")

    def _open_now(self, stack: ExitStack) -> Served:
        from shopbot.apps.serve.served import open_served

        return stack.enter_context(open_served(self.settings, self.agent, self.worker))

    def _warm_up(self, served: Served) -> None:
        """Load what is slow on first use before the first customer needs it."""
        from shopbot.apps.warming import warm_up

        if served.desk is not None:
            warm_up(served, self._stopping)

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
    own = texts.pop("own_agent", {})
    if server.agent is not None:
        texts |= own
    return {key: value.replace("{shop}", name) if isinstance(value, str) else value for key, value in texts.items()}
