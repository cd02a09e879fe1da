"""/mcp: the MCP server over streamable HTTP.

Clients of protocol 2026-07-28 need no session; for those before it one is kept while they use it. The server is made at
the first request: its packages take a second or two to load.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from shopbot.apps.serve.access import require
from shopbot.apps.serve.guard import LARGEST_BODY
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import Server

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

SESSIONS = 500
"""Sessions of older clients at a time."""


class McpEndpoint:
    """The endpoint, an ASGI application."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._manager: asyncio.Task[StreamableHTTPSessionManager] | None = None
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        server.on_stop.append(self._stopping.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of a caller who may talk to the agent."""
        request = Request(scope, receive)
        require(self._server.access.caller(request), "chat")
        self._check_origin(request.headers)
        if self._manager is None:
            self._manager = asyncio.create_task(self._start())
        manager = await asyncio.shield(self._manager)
        await manager.handle_request(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve while the block runs; wait at its end until the sessions have ended."""
        try:
            yield
        finally:
            self._stopping.set()
            if self._running is not None:
                await self._running

    def _check_origin(self, headers: Headers) -> None:
        """A page may use it only from here or from a listed origin, whatever name it resolved to this address."""
        origin = headers.get("origin")
        same = origin is not None and urlsplit(origin).netloc == headers.get("host")
        if origin is not None and not same and origin not in self._server.serve.allowed_origins:
            raise Problem(403, "Pages of that origin may not use this: name it in SHOPBOT_SERVE_ORIGINS.")

    async def _start(self) -> StreamableHTTPSessionManager:
        protocol = await asyncio.to_thread(import_module, "shopbot.apps.serve.mcp_server")
        sessions = await asyncio.to_thread(import_module, "mcp.server.streamable_http_manager")
        manager: StreamableHTTPSessionManager = sessions.StreamableHTTPSessionManager(
            protocol.protocol_server(self._server), max_request_body_size=LARGEST_BODY, max_sessions=SESSIONS
        )
        started = asyncio.Event()
        self._running = asyncio.create_task(self._run(manager, started))
        await started.wait()
        return manager

    async def _run(self, manager: StreamableHTTPSessionManager, started: asyncio.Event) -> None:
        async with manager.run():
            started.set()
            await self._stopping.wait()
