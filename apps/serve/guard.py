"""What every request passes: the host it names, the size of its body, the headers of its response."""

from __future__ import annotations

import asyncio
import json
import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopbot.apps.serve.metrics import Metrics
from shopbot.apps.serve.problems import Problem, problem_response

logger = logging.getLogger(__name__)
LARGEST_BODY = 128 * 1024
BODY_S = 15.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses requests for other hosts and bodies that are too large or too slow; sets the headers of responses.

    Each response is counted, and logged as JSON at level INFO: which endpoint, never the path or what was sent.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], metrics: Metrics) -> None:
        self._app = app
        self._hosts = hosts
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = self._told(scope, send)
        if _host(Headers(scope=scope).get("host", "")) not in self._hosts:
            refusal = problem_response(421, "This server does not answer to that host: name it in SHOPBOT_SERVE_HOSTS.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, _Body(receive), send)

    def _told(self, scope: Scope, send: Send) -> Send:
        """`send`, which adds the headers to the response and takes note of it."""
        started = time.perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                self._metrics.request(scope["method"], message["status"])
                if logger.isEnabledFor(logging.INFO):
                    logger.info(_log_line(scope, message["status"], time.perf_counter() - started))
            await send(message)

        return told


def _log_line(scope: Scope, status: int, seconds: float) -> str:
    endpoint = getattr(scope.get("endpoint"), "__name__", "")
    return json.dumps(
        {"endpoint": endpoint, "method": scope["method"], "status": status, "ms": round(seconds * 1000, 1)}
    )


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdigit() else header).lower()


class _Body:
    """Receives a request's body as long as it is neither too large nor too slow."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self._ended = False

    async def __call__(self) -> Message:
        if self._ended:  # what is still to come is the end of the connection, and that may take its time
            return await self._receive()
        try:
            async with asyncio.timeout(BODY_S):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, f"The body did not arrive within {BODY_S:g} s.", {"Connection": "close"}) from None
        self._size += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._size > LARGEST_BODY:
            raise Problem(413, f"The body is larger than {LARGEST_BODY // 1024} kB.", {"Connection": "close"})
        return message
