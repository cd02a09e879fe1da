"""A learned engine that takes seconds to make: three actions, told apart by single words."""

from __future__ import annotations

import random
from pathlib import Path

from shopbot.engines.recording.trace_format import AllowedAction, Trace

ACTIONS = {"track_order": "parcel", "refund": "money", "cancel": "stop"}
_FILL = ("please", "today", "my", "the", "now", "hello", "really", "again", "can", "you")


def decisions(count: int, seed: int = 1) -> list[Trace]:
    """Decisions that one word of the customer's message decides."""
    rng = random.Random(seed)
    allowed = tuple(AllowedAction(name) for name in ACTIONS)
    rows = []
    for number in range(count):
        choice = rng.choice(list(ACTIONS))
        words = [*rng.sample(_FILL, 3), ACTIONS[choice]]
        rng.shuffle(words)
        rows.append(
            Trace(
                conversation=f"{seed}-{number}",
                turn=1,
                context=(("User", " ".join(words)),),
                allowed=allowed,
                choice=choice,
                args={},
                reply="",
            )
        )
    return rows


def make_engine(folder: Path, *, epochs: int = 4) -> Path:
    """Train it into `folder`."""
    from shopbot.optimize.config import Schedule, TrainConfig
    from shopbot.optimize.traces.training import train

    schedule = Schedule(epochs=epochs, rate=3e-3)
    config = TrainConfig(base="tiny", batch=16, threads=1, freeze_words=False, schedule=schedule)
    train(decisions(160), folder, config)
    return folder
