"""How much of the machine one program may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one run; whatever exceeds one ends as an error in the result.

    `seconds` is wall-clock time from the start of the run, both ways of running it together; waiting for a turn does
    not count. `memory` is in bytes: of heap for monty, of address space beyond what the process has before the program
    for CPython. `output` is in bytes of standard output and, separately, in characters
    of the answer. `code` is in characters of source. `depth` is the number of calls inside each other on
    monty (CPython has its own thousand).
    """

    seconds: float = 5.0
    memory: int = 256 << 20
    output: int = 65_536
    code: int = 1_000_000
    depth: int = 400
    monty_seconds: float = 1.0
    monty_memory: int = 32 << 20
    """Of monty, when lower than `seconds` and `memory`."""
