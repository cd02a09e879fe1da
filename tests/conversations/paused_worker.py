"""A process that takes a turn in PostgreSQL and looks until a file is there: to be paused, killed or let go on.

python paused_worker.py URL FOLDER LEASE
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from shopbot.agents import create_agent
from shopbot.agents.postgres.memory import open_postgres_memory
from shopbot.agents.postgres.worker import WorkerFenced
from shopbot.testing import Script
from shopbot.tools import Action, Call, Observation, action

FENCED = 70
CONFIG: Any = {"configurable": {"thread_id": "chat"}}


def looking(folder: Path) -> Action:
    """An action that says that it has begun, and ends when it is told to."""

    @action()
    def look(call: Call[Any]) -> Observation:
        """Look."""
        (folder / "looking").touch()
        while not (folder / "seen").exists():
            time.sleep(0.01)
        return Observation("Seen.")

    return look


def main(url: str, folder: Path, lease_s: float) -> int:
    with open_postgres_memory(url, lease_s) as memory:
        agent = create_agent(Script({"call": "look"}, {"say": "Said late."}), [looking(folder)], checkpointer=memory)
        try:
            agent.invoke({"messages": [{"role": "user", "content": "look"}]}, CONFIG)
        except (WorkerFenced, psycopg.OperationalError):  # its connections were ended, too
            return FENCED
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
