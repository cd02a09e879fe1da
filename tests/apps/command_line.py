"""What a run of the command line printed, and how to start one."""

from __future__ import annotations

import json
import signal
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shopbot.apps.chat import run_chat
from shopbot.apps.chat_json import run_chat_json
from shopbot.apps.failures import explained

SHOPBOT = Path(sysconfig.get_path("scripts")) / "shopbot"
RETURN_JEANS = b"I want to return the jeans from order 123456, maria.lopez@example.com\nyes please\n"


@dataclass(frozen=True)
class Spoken:
    """One run: its exit code and both outputs."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output, one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def speak(capfd: pytest.CaptureFixture[str], way: str, *, thread: str, engine: str | None) -> Spoken:
    """Run a conversation as the command line would, from what is in `sys.stdin`."""

    def command() -> int:
        if way == "json":
            return run_chat_json(data=None, engine=engine, thread=thread)
        return run_chat(data=None, engine=engine, thread=thread, trace=False)

    capfd.readouterr()
    code = explained(command)
    out, err = capfd.readouterr()
    return Spoken(code, out, err)


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """The real program, started; its data folder comes from the environment."""
    pipe = subprocess.PIPE
    # Tests that a script runs in the background inherit a deaf ear for Ctrl-C; a terminal's program has none.
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen([SHOPBOT, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, preexec_fn=hears)


def is_one_sentence(text: str) -> bool:
    """Whether this is one line that begins with the program's name and ends a sentence: no traceback."""
    return text.startswith("shopbot: ") and text.count("\n") == 1 and text.rstrip().endswith(".")
