"""`shopbot serve`: opens what is served, prints the address, and stops when told to."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from shopbot.apps.logbook import keep_log
from shopbot.apps.serve.accounts import ACCOUNTS, Accounts
from shopbot.apps.serve.app import create_app
from shopbot.apps.serve.connections import LARGEST_HEAD, MOST, Connection
from shopbot.apps.serve.serve_file import ServeFile, open_serve_file
from shopbot.apps.serve.server import FILE, GRACE_S, SCHEMAS, Server
from shopbot.apps.serve.settings import ServeSettings, load_serve_settings, secret_for
from shopbot.apps.settings import command_settings
from shopbot.errors import extra
from shopbot.shop.settings import SettingsError

if TYPE_CHECKING:
    from shopbot.apps.serve.shared.tables import ServeTables
    from shopbot.shop.settings import Settings

FENCED = 70
"""The exit code of a worker that was declared dead."""


def run_serve(
    *, data: Path | None, engine: str | None, agent: str | None, host: str, port: int, workers: int = 1
) -> int:
    """Serve until stopped, in so many processes; returns the exit code.

    Raises:
        SettingsError: a setting cannot be used, or the address is not one that may be served without a secret.
        AgentNotServed: what `agent` names cannot be served.
    """
    sys.path.insert(0, str(Path.cwd()))  # where a module of one's own lies, as for uvicorn
    settings, serve = command_settings(data=data, engine=engine), load_serve_settings()
    if workers > 1 and settings.postgres_url is None:
        raise SettingsError(
            f"--workers is {workers}, and several processes need a PostgreSQL in common: set SHOPBOT_DATABASE_URL to "
            "postgresql://user:password@host/shop, or serve with one."
        )
    with keep_log(settings), listen(host, port) as listening:
        secret = secret_for(host, serve, settings.data)
        _say_where(host, listening.getsockname()[1], settings)
        if workers > 1:
            from shopbot.apps.serve.shared.workers import supervise

            return supervise(workers, _serve_one, listening, settings, host, agent)
        _serve(listening, settings, serve, secret, host, agent)
    return 0


def _serve_one(listening: socket.socket, settings: Settings, host: str, agent: str | None) -> None:
    """One of several processes, which begins from nothing."""
    from shopbot.apps.serve.shared.workers import end_with_parent

    end_with_parent()
    settings, serve = command_settings(**settings.model_dump()), load_serve_settings()
    with keep_log(settings):
        _serve(listening, settings, serve, secret_for(host, serve, settings.data), host, agent)


def _serve(
    listening: socket.socket, settings: Settings, serve: ServeSettings, secret: str, host: str, agent: str | None
) -> None:
    with _open_records(settings) as file:
        server = Server(settings, serve, secret, file, host=host, agent=agent)
        asyncio.run(Process(server, serve).serve([listening]))
        if server.refusal is not None:
            raise server.refusal


@contextmanager
def _open_records(settings: Settings) -> Iterator[ServeFile | ServeTables]:
    """The server's records: in the shop's PostgreSQL, else in a file. A worker that was declared dead ends at once: it
    can write nothing any more, and whoever started it starts another."""
    if settings.postgres_url is None:
        with open_serve_file(settings.data / FILE, *SCHEMAS, seal=settings.seal) as file:
            yield file
        return
    with extra("postgres", "PostgreSQL"):
        from shopbot.apps.serve.shared.tables import open_serve_tables
    with open_serve_tables(settings.postgres_url, *SCHEMAS, seal=settings.seal) as tables:
        tables.worker.on_fenced = lambda: os._exit(FENCED)
        yield tables


class Process(uvicorn.Server):
    """uvicorn's server; when it stops, event streams end first, since it waits for open responses."""

    def __init__(self, server: Server, serve: ServeSettings) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(server),
                http=Connection,
                ws="none",
                h11_max_incomplete_event_size=LARGEST_HEAD,
                limit_concurrency=MOST,
                timeout_graceful_shutdown=int(GRACE_S),
                server_header=False,
                access_log=False,
                log_config=None,
                proxy_headers=bool(serve.proxies),
                forwarded_allow_ips=serve.proxies or None,
            )
        )
        self._parts = server

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop when told to; unlike uvicorn's own, the program ends itself then, and closes what it has opened."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop, as well because there is no agent to serve."""
        return await super().on_tick(counter) or self._parts.refusal is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._parts.stop()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        SettingsError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"The address {host}, port {port}, cannot be used ({error.strerror or error}): name another --host or "
            "--port."
        ) from None
    listening.listen(2048)
    return listening


def _say_where(host: str, port: int, settings: Settings) -> None:
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"Chat: {at}/   Widget: {at}/widget.js   Staff: {at}/desk   API: {at}/api/v1/docs", flush=True)
    if not Accounts(settings.data / ACCOUNTS).staff:
        print("Nobody can log in at /desk yet: shopbot access staff NAME", file=sys.stderr, flush=True)
