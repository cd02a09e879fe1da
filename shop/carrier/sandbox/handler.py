"""The HTTP side of the sandbox carrier: reads a request, commits the fault planned for it, writes the answer.

Which path means which work is in `routes`; the work is in `operations`.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import logging
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler
from typing import Protocol, cast
from urllib.parse import parse_qs, urlsplit

from shopbot.shop.carrier.sandbox import wire
from shopbot.shop.carrier.sandbox.faults import Fault, Faults
from shopbot.shop.carrier.sandbox.intake import RefusalError
from shopbot.shop.carrier.sandbox.operations import SandboxOperations
from shopbot.shop.carrier.sandbox.routes import Answer, Request, Route, find

logger = logging.getLogger(__name__)

_LARGEST_BODY = 1 << 20
_HANG_S = 300.0


class Served(Protocol):
    """What the server gives its handlers."""

    sandbox: SandboxOperations
    faults: Faults
    closing: threading.Event


class Handler(BaseHTTPRequestHandler):
    """One connection, one request, one answer."""

    protocol_version = "HTTP/1.1"
    server_version = "SandboxCarrier"
    sys_version = ""
    timeout = 30.0

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Requests go to the log, never to the terminal that holds a conversation."""
        logger.debug("%s", (format % args).encode("unicode_escape").decode())

    def _serve(self) -> None:
        self.close_connection = True
        with contextlib.suppress(ConnectionError, TimeoutError):
            try:
                request, route = self._read(), self._route()
            except RefusalError as refusal:
                self._send(Answer(refusal.status, refusal.body))
            else:
                self._answer(route, request)

    def _answer(self, route: Route, request: Request) -> None:
        fault = self._carrier.faults.take(route.operation)
        if fault is None:
            self._send(self._work(route, request))
            return
        if fault.does_the_work:
            self._work(route, request)
        self._commit(fault)

    def _work(self, route: Route, request: Request) -> Answer:
        try:
            return route.work(self._carrier.sandbox, request)
        except RefusalError as refusal:
            return Answer(refusal.status, refusal.body)
        except sqlite3.Error:
            logger.exception("the sandbox carrier cannot use its ledger")
        except Exception:
            logger.exception("the sandbox carrier failed")
        return Answer(500, wire.error("INTERNAL_SERVER_ERROR", "The carrier could not write its ledger or label."))

    def _commit(self, fault: Fault) -> None:
        match fault:
            case Fault.SERVER_ERROR | Fault.SERVER_ERROR_AFTER:
                self._send(Answer(500, wire.error("INTERNAL_SERVER_ERROR", "We're sorry, something went wrong.")))
            case Fault.REFUSE:
                self._send(Answer(422, wire.error("SHIPMENT.POSTAGE.FAILURE", "The carrier does not take this.")))
            case Fault.MALFORMED:
                self._send(Answer(200, b'{"id": "shp_', "application/json"))
            case Fault.HANG | Fault.HANG_AFTER:
                self._carrier.closing.wait(_HANG_S)
            case Fault.DROP | Fault.DROP_AFTER:
                pass  # the connection ends without an answer

    def _read(self) -> Request:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        return Request(url.path, query, self._read_body() if self.command == "POST" else {})

    def _read_body(self) -> wire.Body:
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            raise RefusalError(400, "BAD_REQUEST", "The length of the request body must be given.")
        if len(length) > 8 or int(length) > _LARGEST_BODY:
            raise RefusalError(413, "PAYLOAD_TOO_LARGE", f"The request body may hold {_LARGEST_BODY} bytes.")
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except (ValueError, RecursionError):
            raise RefusalError(400, "BAD_REQUEST", "The request body is not JSON.") from None
        if not isinstance(body, dict):
            raise RefusalError(400, "BAD_REQUEST", "The request body must be a JSON object.")
        return body

    def _route(self) -> Route:
        route = find(self.command, urlsplit(self.path).path)
        if not (route and route.public) and not self._has_key():
            raise RefusalError(401, "APIKEY.REQUIRED", "An API key is required: send it as the user of Basic auth.")
        if route is None:
            raise RefusalError(404, "NOT_FOUND", "The requested resource could not be found.")
        return route

    def _has_key(self) -> bool:
        scheme, _, credentials = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() == "bearer":
            return bool(credentials.strip())
        if scheme.lower() != "basic":
            return False
        try:
            user, _, _ = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return bool(user)

    def _send(self, answer: Answer) -> None:
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    @property
    def _carrier(self) -> Served:
        return cast("Served", self.server)
