"""Several processes that serve one address: they share its socket, and whichever ends is started anew."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any

_SOON_S = 5.0
"""A process that ends sooner after its start is not started again at once."""
_LOOK_S = 0.2
"""How often it is looked whether to stop."""


def supervise(count: int, serve: Callable[..., None], listening: socket.socket, *arguments: Any) -> int:
    """Run `serve(listening, *arguments)` in `count` processes until this one is told to stop; the exit code."""
    processes = multiprocessing.get_context("spawn")
    running: dict[BaseProcess, float] = {}
    told: set[BaseProcess] = set()
    stopping = threading.Event()

    def start() -> None:
        process = processes.Process(target=serve, args=(listening, *arguments))
        process.start()
        running[process] = time.monotonic()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    for _ in range(count):
        start()
    while running:
        connection.wait([process.sentinel for process in running], timeout=_LOOK_S)
        # Told here and not where the signal is handled: it may come while a process is being started.
        for process in running.keys() - told if stopping.is_set() else ():
            process.terminate()
            told.add(process)
        for process in [process for process in running if not process.is_alive()]:
            lived = time.monotonic() - running.pop(process)
            if not stopping.is_set():
                if lived < _SOON_S:
                    stopping.wait(1.0)
                start()
    return 0


def end_with_parent() -> None:
    """Let this process be told to stop when the one that started it is gone."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            connection.wait([parent.sentinel])
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
