"""A server in a process of its own, over a demo shop of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

_ADDRESS = re.compile(r"http://([\d.]+):(\d+)/")


class ServerProcess:
    """`shopbot serve` as a program; `port` stays the same when it is started again."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self._data = data
        self._arguments = arguments
        self.port = 0
        self.start_s = 0.0
        self.process: subprocess.Popen[str]

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it answers; with `ready`, until the agent is open."""
        command = self._command()
        environment = {**os.environ, "SHOPBOT_SERVE_RATE": "0"}
        began = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert self.process.stdout is not None
        address = _ADDRESS.search(self.process.stdout.readline())
        assert address is not None
        self.port = int(address[2])
        self._wait("/health")
        self.start_s = time.perf_counter() - began
        if ready:
            self._wait("/ready")

    def _command(self) -> list[str]:
        serve = [sys.executable, "-m", "shopbot.apps", "serve", "--data", str(self._data), "--port", str(self.port)]
        return [*serve, *self._arguments]

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> None:
        """Ask it to stop, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self._end()

    @property
    def megabytes(self) -> float:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    @property
    def workers(self) -> list[int]:
        """The pids of its worker processes, and not of what else Python starts with them."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for task in tasks for pid in task.read_text(encoding="ascii").split()]
        return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    @property
    def cpu_s(self) -> float:
        """The processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _end(self) -> None:
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def _wait(self, path: str) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{path} of the server does not answer")


class PlainProcess(ServerProcess):
    """`benchmarks.serve.plain` as a program."""

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.serve.plain", str(self._data), str(self.port)]
