"""What a local model costs on this machine: size, context, and the tokens a second it reads and writes; and which size
of model the machine can run when none is chosen yet."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from shopbot.engines.llama.runtime import Runtime
from shopbot.engines.llama.work import Wanted, Work

_PROMPT, _ANSWER = 128, 24
_KEPT_FREE = 0.3
"""The share of the free memory that is left to everything else."""
_BYTES_A_PARAMETER = 0.6
"""Four-bit quantised weights (Q4_K_M) with keys and values beside them."""
_USUAL = (0.5, 1.5, 3, 7, 14, 32, 70)
"""Sizes that models are published in, in billions of parameters."""


@dataclass(frozen=True)
class Speed:
    """A model's kind, its size in bytes, its context in tokens, and tokens a second: of a prompt, and decoded."""

    kind: str
    bytes: int
    context: int
    prompt: float
    decode: float

    def __str__(self) -> str:
        return (
            f"{self.kind}, {self.bytes / 1e6:,.1f} MB, context {self.context:,} tokens; here it reads "
            f"{self.prompt:,.0f} tokens a second and writes {self.decode:,.0f}"
        )


def measure(runtime: Runtime, *, prompt: int = _PROMPT, answer: int = _ANSWER) -> Speed:
    """The speed of a loaded model: the better of two runs of `prompt` and `answer` tokens each."""
    runs = []
    word = runtime.tokenise(" the")[-1]
    for _ in range(2):
        runtime.forget()
        work = Work()
        for _ in runtime.decode(Wanted([word] * prompt, None, answer, temperature=1.0), work):
            pass
        runs.append((work.evaluated / work.prompt_seconds, max(work.made, 1) / work.decode_seconds))
    about = runtime.describe()
    runtime.forget()
    return Speed(
        kind=about["kind"],
        bytes=about["bytes"],
        context=about["context"],
        prompt=max(run[0] for run in runs),
        decode=max(run[1] for run in runs),
    )


def what_fits() -> str:
    """Cores, free memory, the largest usual size of four-bit models that fits, and how fast that would be."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = _free_bytes()
    fitting = [size for size in _USUAL if size * 1e9 * _BYTES_A_PARAMETER <= free * (1 - _KEPT_FREE)]
    if not fitting:
        return f"{cores} cores, {free / 2**30:.1f} GB free: too little memory for a local model"
    # Decoding reads every weight once a token, so that the memory's speed is the limit.
    tokens = _bytes_a_second() / (fitting[-1] * 1e9 * _BYTES_A_PARAMETER)
    return (
        f"{cores} cores, {free / 2**30:.1f} GB free: four-bit models of up to {fitting[-1]:g} billion parameters fit; "
        f"one of that size writes about {tokens:.1f} tokens a second here, one of 0.5 billion "
        f"{tokens * fitting[-1] / _USUAL[0]:.0f}"
    )


def _free_bytes() -> float:
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123 - no file of ours
            found = dict(line.split(":", 1) for line in lines)
        return float(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        return pages / 2


def _bytes_a_second() -> float:
    """How fast one core reads memory: the best of three sums over 64 MB."""
    import numpy as np

    block = np.ones(8 << 20, dtype=np.float64)
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        block.sum()
        taken.append(time.perf_counter() - started)
    return float(block.nbytes / min(taken))
