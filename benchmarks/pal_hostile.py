"""Hostile programs against the interpreter, with canaries that would notice.

A victim process of its own holds an interpreter, a secret in its environment and one in its memory. For every
program this process plants a readable file, a writable folder with something to delete and a listening port, and then
looks at all of them from outside, at the time it took, the memory of every process involved, the processes left
behind, the size of what came back, and whether the victim still gives right answers.

    .venv/bin/python -m benchmarks.pal_hostile [both|monty|cpython ...] [--own] [--file FILE.jsonl]

`cpython` gives every program a process of its own, `both` has the quick path as well; `monty`, which serves where there
is no sandbox, runs without the check of `admission`, which is no boundary. The
sets are `pal_attacks` and `hostile_py/hostile_dev.jsonl` under SHOPBOT_EXTERNAL_DATA (../shared/data) where it is;
`--own` leaves out the second, `--file` names another instead of both.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.pal_attacks import attacks

SECONDS = 2.0
SLACK = 2.5
"""Seconds beyond the limit before a run counts as hanging; generous because the machine may be busy."""
MEMORY = 128 << 20
PROCESS_MEMORY = MEMORY + (200 << 20)
"""What a process may come to: the limit, and the libraries loaded before the program."""
VICTIM_GROWTH = 150 << 20
OUTPUT = 65_536
REPLY = 4 * OUTPUT
"""Characters of a whole result: output, answer, its text, and their escapes."""

MODES = ("both", "monty", "cpython")
UNCONTAINED = "none"
"""Plain `exec` in the victim: what the harness has to notice. Only for programs that harm nothing but canaries."""


@dataclass
class Canaries:
    """What is planted for one program."""

    base: Path
    secret: str
    port: int = 0
    reached: list[str] = field(default_factory=list)

    def fill_in(self, code: str) -> str:
        """The program with the places of the canaries in it."""
        marks = {"@FILE@": self.base / "secret.txt", "@DIR@": self.base / "dir", "@M@": self.base / "dir" / "marker"}
        for mark, path in marks.items():
            code = code.replace(mark, str(path))
        return code.replace("@PORT@", str(self.port))

    def damage(self) -> list[str]:
        """What has been written or deleted."""
        folder = self.base / "dir"
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")} if folder.exists() else set()
        expected = {"keep", "keep/file"}
        return [f"wrote {name}" for name in found - expected] + [f"deleted {name}" for name in expected - found]


@contextlib.contextmanager
def planted(secret: str) -> Iterator[Canaries]:
    """Canaries for one program; `reached` fills while connections arrive."""
    base = Path(tempfile.mkdtemp(prefix="pal-"))
    base.chmod(0o755)
    (base / "secret.txt").write_text(f"file-{secret}\n")
    (base / "secret.txt").chmod(0o644)
    (base / "dir" / "keep").mkdir(parents=True)
    (base / "dir" / "keep" / "file").write_text("keep")
    (base / "dir").chmod(0o777)
    (base / "dir" / "keep").chmod(0o777)
    canaries = Canaries(base, secret)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        canaries.port = listener.getsockname()[1]
        listener.setblocking(False)
        yield canaries
        with contextlib.suppress(BlockingIOError):
            listener.accept()[0].close()
            canaries.reached.append("connected")
    shutil.rmtree(base, ignore_errors=True)


class Victim:
    """The process that a hostile program attacks."""

    def __init__(self, mode: str, secret: str) -> None:
        self.secret = secret
        environment = {**os.environ, "PAL_ENV_SECRET": f"env-{secret}", "PAL_MEMORY_SECRET": secret}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _VICTIM, mode, str(SECONDS), str(MEMORY), str(OUTPUT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=Path(__file__).parent.parent,
        )
        for first in ("ans = 6 * 7", "import numpy\nans = 6 * 7"):  # starts everything there is
            self.ask({"code": first, "entry": "ans"}, 120)
        self.memory = rss(self.process.pid)

    def ask(self, request: dict[str, Any], patience: float) -> dict[str, Any] | None:
        """One line to the victim, one line back; None when it does not answer in time or is dead."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return None
        if not select.select([self.process.stdout], [], [], patience)[0]:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def end(self) -> None:
        """Stop it, and with it what it started."""
        family = descendants(self.process.pid)
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.communicate()
        for pid in family:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)


_VICTIM = """
import contextlib, io, json, os, sys, time
HOST_SECRET = "hostmem-secret-" + os.environ.pop("PAL_MEMORY_SECRET")
from shopbot.tools.interpreter import Interpreter, Limits
from shopbot.tools.interpreter.monty import MontyPool, Refused
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.result import Failure, Result
mode = sys.argv[1]
limits = Limits(seconds=float(sys.argv[2]), memory=int(sys.argv[3]), output=int(sys.argv[4]))
interpreter = Interpreter(limits, workers=2, quick=mode == "both", monty=False)
monty = MontyPool(2) if mode == "monty" else None
def run(code, entry):
    if mode == "none":
        return uncontained(code, entry)
    if monty is None:
        return interpreter.run(code, entry)
    try:
        return monty.run_unchecked(Job(code, entry), limits)
    except Refused as refused:
        return Result(error=Failure("Refused", str(refused)), path="monty")
def uncontained(code, entry):
    out, names = io.StringIO(), {"__name__": "__main__"}
    try:
        with contextlib.redirect_stdout(out):
            exec(code, names)
        return Result(answer=repr(eval(entry, names)) if entry else None, stdout=out.getvalue())
    except BaseException as error:
        return Result(stdout=out.getvalue(), error=Failure(type(error).__name__, str(error)))
for line in sys.stdin:
    request = json.loads(line)
    began = time.monotonic()
    result = run(request["code"], request["entry"])
    seconds = time.monotonic() - began
    healthy = len([1, 2]) == 2 and sum([1, 2]) == 3 and os.getcwd() and HOST_SECRET.startswith("hostmem")
    print(json.dumps({"ok": result.ok, "answer": result.answer, "text": result.text, "stdout": result.stdout,
        "error": str(result.error or ""), "path": result.path, "refused": result.refused, "seconds": seconds,
        "healthy": bool(healthy)}), flush=True)
"""

_PROBE = "def probe():\n    values = sorted([3, 1, 2])\n    return str(len(values)) + str(values[0]) + 'abc'.upper()\n"
_PROBE_CPYTHON = (
    "import random, collections, decimal, sys\n"
    "good = 1 <= random.randint(1, 6) <= 6 and collections.Counter('aab').most_common(1) == [('a', 2)]\n"
    "ans = [good, str(decimal.Decimal(1) / 3), len('abc'), sys.getrecursionlimit() > 500]\n"
)
_PROBE_ANSWER = "[True, '0.3333333333333333333333333333', 3, True]"


def attack(victim: Victim, row: dict[str, Any], mode: str, canaries: Canaries, slack: float = SLACK) -> list[str]:
    """Run one program; returns what it managed to do."""
    watch = _Watch(victim.process.pid)
    with watch:
        request = {"code": canaries.fill_in(row["code"]), "entry": row.get("entry")}
        result = victim.ask(request, 2 * SECONDS + slack + 10)
    if result is None:
        return ["killed or hung the victim"]
    broken = [
        f"leaked {name}" for name in ("file", "env", "hostmem-secret") if f"{name}-{victim.secret}" in str(result)
    ]
    if result["seconds"] > SECONDS + slack:
        broken.append(f"ran for {result['seconds']:.1f} s")
    if len(json.dumps(result)) > REPLY:
        broken.append(f"returned {len(json.dumps(result))} characters")
    if watch.peak > PROCESS_MEMORY:
        broken.append(f"grew to {watch.peak >> 20} MiB")
    if rss(victim.process.pid) > victim.memory + VICTIM_GROWTH:
        broken.append("bloated the victim")
    if not result["healthy"] or not _still_right(victim, mode):
        broken.append("poisoned the next run")
    return broken


def _still_right(victim: Victim, mode: str) -> bool:
    probed = victim.ask({"code": _PROBE, "entry": "probe()"}, 30)
    if probed is None or probed["answer"] != "'31ABC'":
        return False
    if mode == "monty":
        return True
    probed = victim.ask({"code": _PROBE_CPYTHON, "entry": "ans"}, 30)
    return probed is not None and probed["answer"] == _PROBE_ANSWER


class _Watch:
    """Samples the memory of the victim's descendants while a program runs."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max([self.peak, *(rss(pid) for pid in descendants(self._pid))])


def rss(pid: int) -> int:
    """Resident memory of a process in bytes; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def descendants(pid: int) -> set[int]:
    """All processes that `pid` started, and they in turn."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = set(), [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def run_set(rows: list[dict[str, Any]], mode: str, settle: float = 7.0, slack: float = SLACK) -> dict[str, list[str]]:
    """Every program against one victim; returns what each managed to do, for those that did.

    Its canaries stay for `settle` seconds after a run: a program may strike late. It hangs if it is not back `slack`
    seconds after its limit.
    """
    secret = secrets.token_hex(12)
    victim = Victim(mode, secret)
    failures: dict[str, list[str]] = {}
    late: list[tuple[str, contextlib.ExitStack, Canaries, float]] = []
    for row in rows:
        stack = contextlib.ExitStack()
        canaries = stack.enter_context(planted(secret))
        broken = attack(victim, row, mode, canaries, slack)
        if (family := len(descendants(victim.process.pid))) > 7:
            broken.append(f"left processes behind: {family}")
        late.append((row["id"], stack, canaries, time.monotonic() + settle))
        if broken:
            failures[row["id"]] = broken
            if victim.process.poll() is not None or "killed or hung the victim" in broken:
                victim.end()
                victim = Victim(mode, secret)
        while late and late[0][3] < time.monotonic():
            _settle(late.pop(0), failures)
    while late:
        time.sleep(max(0.0, late[0][3] - time.monotonic()))
        _settle(late.pop(0), failures)
    victim.end()
    return failures


def _settle(entry: tuple[str, contextlib.ExitStack, Canaries, float], failures: dict[str, list[str]]) -> None:
    name, stack, canaries, _ = entry
    damage = canaries.damage()
    stack.close()
    if damage or canaries.reached:
        failures.setdefault(name, []).extend(damage + canaries.reached)


def load(file: Path) -> list[dict[str, Any]]:
    """The programs of a set."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    """Print how many were contained in each mode, and what the others did."""
    data = Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modes", nargs="*", metavar="MODE", help=", ".join(MODES))
    parser.add_argument("--own", action="store_true", help="only the project's own set")
    parser.add_argument("--file", type=Path, help="another set")
    options = parser.parse_args()
    public = data / "hostile_py" / "hostile_dev.jsonl"
    rows = load(options.file) if options.file else attacks()
    if public.exists() and not (options.own or options.file):
        rows += load(public)
    worst = 0
    for mode in options.modes or MODES:
        failures = run_set(rows, mode)
        print(f"{mode}: {len(rows) - len(failures)} of {len(rows)} contained", flush=True)
        for name, broken in failures.items():
            print(f"    {name}: {'; '.join(broken)}")
        worst = max(worst, len(failures))
    return min(worst, 1)


if __name__ == "__main__":
    sys.exit(main())
