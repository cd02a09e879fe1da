"""Plays a script through the real stack: engine, gate, actions, database, durable workflow, carrier over HTTP,
maildir. Judges nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripted import Script, Step

from shopbot.agents.turn import Turn
from shopbot.apps.session import Conversation, open_conversation


@dataclass
class Player:
    """The conversations of one data folder, by thread; `turns` is what was said in each."""

    data: Path
    engine: str = "planner"
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    _open: dict[str, Conversation] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def take(self, step: Step) -> Turn | None:
        """Let one step happen; the turn, when it was a message."""
        if step.carrier_recovers:
            (self.data / "carrier" / "faults.json").unlink()
        if step.reopen or step.carrier_recovers:
            self.close()
        if step.say is None:
            self._conversation(step.thread)
            return None
        turn = self._conversation(step.thread).say(step.say).turn
        self.turns.setdefault(step.thread, []).append(turn)
        return turn

    def wait_until_settled(self, seconds: float = 20.0) -> None:
        """Wait for returns that are finished in the background."""
        deadline = time.monotonic() + seconds
        fulfilment = next(iter(self._open.values())).shop.fulfilment
        while time.monotonic() < deadline and not all(fulfilment.status(one).settled for one in self._unfinished()):
            time.sleep(0.05)

    def close(self) -> None:
        """Close the program; a later step opens it again."""
        self._open.clear()
        self._stack.close()

    def _conversation(self, thread: str) -> Conversation:
        if thread not in self._open:
            self._open[thread] = self._stack.enter_context(open_conversation(self.data, self.engine, thread))
        return self._open[thread]

    def _unfinished(self) -> list[int]:
        from sqlalchemy import select
        from sqlalchemy.orm import Session

        from shopbot.shop.database.models import Return

        with Session(next(iter(self._open.values())).shop.database) as session:
            return list(session.scalars(select(Return.id).where(Return.status.in_(("requested", "labelled")))))


@contextmanager
def playing(data: Path, engine: str = "planner") -> Iterator[Player]:
    """A player over `data` with the engine of that spec, closed at the end."""
    player = Player(data, engine)
    try:
        yield player
    finally:
        player.close()


def plan_faults(script: Script, data: Path) -> None:
    """Have the sandbox carrier misbehave as the script says."""
    if script.setup.faults:
        folder = data / "carrier"
        folder.mkdir(parents=True, exist_ok=True)
        plan = [fault.model_dump() for fault in script.setup.faults]
        (folder / "faults.json").write_text(json.dumps(plan), encoding="utf-8")
