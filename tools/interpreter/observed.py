"""What holds a confined process, as the kernel tells it of that process from outside: /proc, and no word of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_NOBODY = 65534
_SETGID, _SETUID, _SETPCAP = 6, 7, 8
_NAMESPACES = ("net", "mnt", "ipc", "uts")
_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it; `limits` are the hard ones, by their names there."""

    pid: int
    status: Mapping[str, str]
    limits: Mapping[str, str]

    @property
    def filters(self) -> int:
        """Seccomp filters; a kernel before 5.9 does not count them."""
        return int(self.status.get("Seccomp_filters", "0"))

    def has_capability(self, number: int) -> bool:
        return bool(int(self.status["CapEff"], 16) >> number & 1)


def look_at(pid: int) -> Process:
    """The process as it is now.

    Raises:
        OSError: there is none.
    """
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    # "Max cpu time   5   6   seconds": a name of 26 columns, the soft limit of 21 and the hard one
    limits = {line[:26].strip(): line[26:].split()[1] for line in (folder / "limits").read_text().splitlines()[1:]}
    return Process(pid, {name: value.strip() for name, value in status.items()}, limits)


def layers(server: int, child: int) -> tuple[list[str], list[str]]:
    """The names of the layers around a confined child of the fork server that hold, and of those that must and do not.

    Raises:
        OSError: one of them has ended.
    """
    host, serving, confined = look_at(os.getpid()), look_at(server), look_at(child)
    required = {
        "seccomp": _filtered(confined, serving),
        "seccomp of the server": _filtered(serving, host),
        "no new privileges": confined.status["NoNewPrivs"] == serving.status["NoNewPrivs"] == "1",
        "no capabilities": _without_capabilities(confined, host) and _without_capabilities(serving, host),
        **{f"{name} limit": holds(confined.limits[key]) for name, (key, holds) in _LIMITS.items()},
    }
    optional = {
        "unprivileged user": _is_ordinary(confined) and _is_ordinary(serving),
        "namespaces": all(_is_apart(child, host.pid, f"ns/{name}") for name in _NAMESPACES),
        "empty root directory": (_link(child, "root") or "").endswith("(deleted)"),
    }
    if _could_become_another(host):
        required["unprivileged user"] = optional["unprivileged user"]
    holding = [name for name, holds in {**required, **optional}.items() if holds]
    return holding, [name for name, holds in required.items() if not holds]


def _is(value: str) -> Callable[[str], bool]:
    return lambda found: found == value


def _finite(found: str) -> bool:
    return found != "unlimited"


_LIMITS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "memory": ("Max address space", _finite),
    "CPU time": ("Max cpu time", _finite),
    "file size": ("Max file size", _is("0")),
    "process": ("Max processes", _is("0")),
    "descriptor": ("Max open files", _is("5")),
    "core dump": ("Max core file size", _is("0")),
    "locked memory": ("Max locked memory", _is("0")),
}


def _filtered(process: Process, parent: Process) -> bool:
    """Under a filter, and under one more than its parent."""
    counted = "Seccomp_filters" in process.status
    return process.status["Seccomp"] == "2" and (not counted or process.filters == parent.filters + 1)


def _without_capabilities(process: Process, host: Process) -> bool:
    """None in any set; the bounding set can only be emptied by who may."""
    sets = (*_CAPABILITIES, "CapBnd") if host.has_capability(_SETPCAP) else _CAPABILITIES
    return all(int(process.status[name], 16) == 0 for name in sets)


def _is_ordinary(process: Process) -> bool:
    """Not root and in none of its groups."""
    return "0" not in process.status["Uid"].split() + process.status["Gid"].split() + process.status["Groups"].split()


def _could_become_another(host: Process) -> bool:
    """Whether it has the right to, and there is another user in its container."""
    return _exists(_NOBODY) and host.has_capability(_SETUID) and host.has_capability(_SETGID)


def _exists(user: int) -> bool:
    """Whether the user exists in this user namespace."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(int(first) <= user < int(first) + int(count) for first, _, count in ranges)


def _is_apart(child: int, host: int, namespace: str) -> bool:
    found = _link(child, namespace)
    return found is not None and found != _link(host, namespace)


def _link(pid: int, name: str) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/{name}").readlink())
    except OSError:
        return None
