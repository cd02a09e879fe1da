"""A carrier to try the shop with: EasyPost's v2 API over real HTTP on the loopback, nothing to pay.

It remembers everything under its folder (see `ledger`), so it can be killed and started again, and several
may run over one folder. It is no carrier: its labels say so, and its addresses are checked for their form
only.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from shopbot.shop.carrier.sandbox.faults import Faults
from shopbot.shop.carrier.sandbox.handler import Handler
from shopbot.shop.carrier.sandbox.ledger import Ledger, Purchase
from shopbot.shop.carrier.sandbox.operations import SandboxOperations
from shopbot.shop.errors import CarrierError

_HOST = "127.0.0.1"
_POLL_S = 0.05


class SandboxCarrier:
    """A sandbox carrier over `folder`; `with SandboxCarrier(folder) as carrier:` serves at `carrier.url`.

    Args:
        folder: holds the ledger; made when missing. `faults.json` in it plans faults when none are given.
        port: 0 picks a free one.
        faults: what shall go wrong, for tests.
    """

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        self.faults = faults if faults is not None else Faults.read(folder / "faults.json")
        self._folder = folder
        self._port = port
        self._server: CarrierServer | None = None

    @property
    def url(self) -> str:
        """The `api_base` for an EasyPost client."""
        if self._server is None:
            raise CarrierError("The sandbox carrier is not running: start() it first.")
        return f"{self._server.public_url}/v2"

    def start(self) -> None:
        """Open the ledger and serve in the background; starting twice is starting once.

        Raises:
            CarrierError: the port is taken, or the ledger cannot be used.
        """
        if self._server is not None:
            return
        ledger = Ledger(self._folder)
        try:
            self._server = CarrierServer(self._port, ledger, self.faults)
        except OSError as error:
            raise CarrierError(
                f"The sandbox carrier cannot listen on port {self._port} of {_HOST} ({error.strerror}): "
                "stop what uses it or set SHOPBOT_CARRIER_PORT to another port (0 picks a free one)."
            ) from error
        threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="sandbox-carrier", daemon=True
        ).start()

    def close(self) -> None:
        """Stop serving and let hanging calls go; what is in the ledger stays."""
        if self._server is not None:
            server, self._server = self._server, None
            server.stop()

    def purchases(self) -> list[Purchase]:
        """Every label ever bought from this folder, oldest first."""
        return Ledger(self._folder).purchases()

    def __enter__(self) -> SandboxCarrier:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class CarrierServer(ThreadingHTTPServer):
    """The listening socket, and what a request handler needs."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, ledger: Ledger, faults: Faults) -> None:
        super().__init__((_HOST, port), Handler)
        self.public_url = f"http://{_HOST}:{self.server_address[1]}"
        self.sandbox = SandboxOperations(ledger, self.public_url)
        self.faults = faults
        self.closing = threading.Event()

    def server_bind(self) -> None:
        # HTTPServer would look its own name up in the DNS: seconds, on a machine without a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        """A connection that broke is the caller's affair; the terminal belongs to the conversation."""

    def stop(self) -> None:
        """End `serve_forever`, wake what hangs, give the port back."""
        self.closing.set()
        self.shutdown()
        self.server_close()
