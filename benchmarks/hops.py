"""How many files of the project one message walks through: those whose code runs for it, and its prompt files.

    python -m benchmarks hops            a policy question, and the yes that arranges the return
    python -m benchmarks hops -- --list  every file by name

Each message is answered once before, in another shop, so that what is loaded once is not counted. A file counts when
one of its functions is entered in any thread during `invoke`, a template when it is rendered, a YAML file when it is
asked for. The sandbox carrier is left out: it stands for a company's server, behind HTTP.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from shopbot.apps.session import open_conversation
from shopbot.apps.warming import warm_up
from shopbot.prompts import find_prompt, load_data

REPOSITORY = Path(__file__).resolve().parent.parent
SANDBOX = Path("shop/carrier/sandbox")
MESSAGES = {
    "a policy question": ["How many days do I have to return something?"],
    "the final yes": [
        "I want to send the jeans back.",
        "It's order 123456.",
        "maria.lopez@example.com",
        "Yes, please go ahead.",
    ],
}


class Walk:
    """Notes the files that are walked through while it is `on`, in every thread that starts after it was made."""

    def __init__(self) -> None:
        self.on = False
        self._files: set[str] = set()
        self._prompts: set[str] = set()
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if self.on and event == "call":
            self._files.add(frame.f_code.co_filename)
            if frame.f_code is load_data.__code__:
                self._prompts.add(frame.f_locals["path"])

    def files(self) -> set[Path]:
        """The project's files that were walked through, relative to the repository."""
        walked = {Path(name).resolve() for name in self._files if "<" not in name}
        walked |= {find_prompt(path).resolve() for path in self._prompts}
        own = {file.relative_to(REPOSITORY) for file in walked if file.is_relative_to(REPOSITORY)}
        return {file for file in own if file.parts[0] not in (".venv", "benchmarks") and SANDBOX not in file.parents}


def walked(messages: list[str]) -> set[Path]:
    """The files that the last of the messages walks through, in a process where all have been answered before."""
    walk = Walk()
    with tempfile.TemporaryDirectory() as folder:
        for shop in ("before", "counted"):
            with open_conversation(Path(folder) / shop, "planner", shop) as conversation:
                warm_up(conversation)
                for number, message in enumerate(messages, 1):
                    walk.on = shop == "counted" and number == len(messages)
                    given = {"messages": [{"role": "user", "content": message}]}
                    conversation.agent.invoke(given, {"configurable": {"thread_id": shop}})
                walk.on = False
    return walk.files()


def main(*, every: bool) -> None:
    """Print a table for each message."""
    for name, messages in MESSAGES.items():
        files = walked(messages)
        print(f"\n| {name} | files |\n|---|---|")
        for room, count in sorted(Counter(map(_room, files)).items()):
            print(f"| {room} | {count} |")
        print(f"| **all** | **{len(files)}** |")
        if every:
            print("\n" + "\n".join(sorted(map(str, files))))


def _room(file: Path) -> str:
    """`agents`, `engines/shopbot`, `prompts`: the folder, two levels deep."""
    return "prompts" if file.suffix != ".py" else "/".join(file.parts[:2][: len(file.parts) - 1])


if __name__ == "__main__":
    main(every="--list" in sys.argv[1:])
