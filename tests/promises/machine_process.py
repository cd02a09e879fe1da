"""A process with ShopBot in it that can die, fail or be cancelled at every write that it makes for good."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any


class Killed(BaseException):
    """The process is gone: nothing that it runs goes on."""


class Fuse:
    """Burns down with every durable write of a process; at its end a spark flies: death, a failure, a cancellation."""

    def __init__(self) -> None:
        self.dead = False
        self._left: int | None = None
        self._spark: Callable[[], None] = lambda: None
        self._guard = threading.Lock()

    def light(self, after: int, spark: Callable[[], None]) -> None:
        """Let `spark` fly at the write after `after` more."""
        self._left, self._spark = after, spark

    def kill(self) -> None:
        """The spark that ends the process."""
        self.dead = True
        raise Killed

    def put_out(self) -> None:
        """What has not burnt down yet does not any more."""
        self._left = None

    def burn(self) -> None:
        """One write more."""
        if self.dead:
            raise Killed
        with self._guard:
            if self._left is None:
                return
            self._left -= 1
            if self._left >= 0:
                return
            self._left = None
        self._spark()


class Process:
    """One life of a program over one file of conversations.

    The agents are made once and moved from process to process: of a conversation they hold nothing themselves.
    """

    def __init__(self, agents: Agents, file: Path) -> None:
        from shopbot.agents.memory import open_memory

        self.fuse = agents.fuse = Fuse()
        self.received = agents.received = set[str]()
        self.honest, self.lying = agents.honest, agents.lying
        self._closing = ExitStack()
        opened = self._closing.enter_context(open_memory(file))
        memory = agents.memory
        memory.conn, memory.lock, memory.journal._ready = opened.conn, opened.lock, False
        self.honest.locks = self.lying.locks = opened.locks

    def close(self) -> None:
        """Its files are closed, as the system does it for a dead process."""
        self._closing.close()


class Agents:
    """An honest agent and one whose engine lies; whatever they write for good burns the fuse of their process."""

    def __init__(self, desk: Any, planner: Any, liar: Any) -> None:
        from shopbot.agents.memory import Memory
        from shopbot.agents.shopbot import create_shopbot

        self.fuse = Fuse()
        self.received: set[str] = set()
        self.sent: set[str] = set()
        memory: Any = Memory(sqlite3.connect(":memory:", check_same_thread=False))
        memory.put, memory.put_writes = self.fused(memory.put), self.fused(memory.put_writes)
        self._run = memory.journal._run
        memory.journal._run = self._run_fused
        self.memory = memory
        self.honest: Any = create_shopbot(planner, desk=desk, checkpointer=memory)
        self.lying: Any = create_shopbot(liar, desk=desk, checkpointer=memory)

    def fused(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """`write`, with a chance to die before and after it."""

        def fused(*args: Any, **kwargs: Any) -> Any:
            self.fuse.burn()
            done = write(*args, **kwargs)
            self.fuse.burn()
            return done

        return fused

    def _run_fused(self, statements: Any) -> Any:
        """Fused, but for the last write of a turn: from there the reply is on its way, and nobody can know how far."""
        self.fuse.burn()
        done = self._run(statements)
        kind, values = statements[0]
        if kind.startswith("DELETE FROM agent_received"):
            self.sent.add(values[0])
            return done
        if kind.startswith("INSERT INTO agent_received"):
            self.received |= {json.loads(message)["data"]["id"] for _, (_, _, message) in statements}
        self.fuse.burn()
        return done
