"""A real IMAP server (pymap) on a port of this machine, and letters that arrive in its mailbox."""

from __future__ import annotations

import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

USER, PASSWORD = "help", "a-password"
START = """
import sys
from pymap.main import main
from pysasl.hashing import BuiltinHash

BuiltinHash.__init__.__kwdefaults__["rounds"] = 1
sys.exit(main())
"""
"""A password of the tests needs no guard: by default every login takes a third of a second."""


@dataclass(frozen=True)
class ImapServer:
    """Where it is."""

    port: int

    @property
    def url(self) -> str:
        return f"imap://{USER}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"

    def deliver(self, message: EmailMessage | bytes) -> None:
        """Have a letter arrive."""
        with self._open() as connection:
            raw = message if isinstance(message, bytes) else message.as_bytes()
            assert connection.append("INBOX", "", imaplib.Time2Internaldate(time.time()), raw)[0] == "OK"

    def unread(self) -> int:
        """How many letters nobody has read."""
        return self._count("UNSEEN")

    def flagged(self) -> int:
        """How many letters a person should look at."""
        return self._count("FLAGGED")

    def _count(self, what: str) -> int:
        with self._open() as connection:
            connection.select("INBOX", readonly=True)
            return len(connection.search(None, what)[1][0].split())

    @contextmanager
    def _open(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as connection:
            connection.login(USER, PASSWORD)
            yield connection


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    """The server, as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-tls",
        "--no-service",
        "admin",
        "--no-service",
        "managesieve",
    ]
    account = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    process = subprocess.Popen([sys.executable, "-c", START, *options, *account], stderr=subprocess.DEVNULL)
    try:
        _until_open(port)
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait()


def _until_open(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the IMAP server does not answer")
