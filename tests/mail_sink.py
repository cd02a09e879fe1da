"""A real SMTP server that keeps what it accepts and can be told to misbehave."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from types import TracebackType

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Behaviour:
    """What the next messages meet; each number counts down to normal."""

    refuse_recipient: int = 0
    refuse_data: int = 0
    drop_after_data: int = 0
    drop_at_quit: bool = False
    silent_s: float = 0.0
    answers: threading.Event | None = None
    """Until it is set, a message that was handed over gets no answer."""


@dataclass
class MailSink:
    """An SMTP server on a free port of the loopback; `accepted` holds every message it took, doubles included."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    accepted: list[Envelope] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?timeout=2"

    def __enter__(self) -> MailSink:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="mail-sink")
        self._thread.start()
        assert ready.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.behaviour.refuse_recipient > 0:
            self.behaviour.refuse_recipient -= 1
            return "451 4.2.2 mailbox is busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.behaviour.silent_s:
            await asyncio.sleep(self.behaviour.silent_s)
        while self.behaviour.answers is not None and not self.behaviour.answers.is_set():
            await asyncio.sleep(0.02)
        if self.behaviour.refuse_data > 0:
            self.behaviour.refuse_data -= 1
            return "452 4.3.1 no space left"
        self.accepted.append(envelope)
        if self.behaviour.drop_after_data > 0:
            self.behaviour.drop_after_data -= 1
            server.transport.abort()
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.behaviour.drop_at_quit:
            server.transport.abort()
        return "221 Bye"

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(lambda: SMTP(self, hostname="sink"), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            ready.set()
            await self._stop.wait()
