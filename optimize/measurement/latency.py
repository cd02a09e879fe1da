"""Latency that can be compared: all contestants in one process, taking turns, medians of many calls.

A machine's speed drifts (heat, neighbours, frequency); contestants measured one after the other differ by that drift,
contestants that alternate share it.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one call with `batch` items."""

    batch: int
    p50_ms: float
    p95_ms: float
    calls: int

    @property
    def items_a_second(self) -> float:
        """Throughput at the median."""
        return 1000 * self.batch / self.p50_ms


def interleaved(
    contestants: Mapping[str, Callable[[Sequence[Item]], Any]],
    items: Sequence[Item],
    batch: int = 1,
    rounds: int = 50,
    warm: int = 3,
    in_a_row: int = 1,
) -> dict[str, Latency]:
    """Time every contestant on the same batches, in turns.

    Args:
        contestants: what takes a batch of items, by name.
        items: real inputs, so that their lengths are; used over and over.
        batch: items a call.
        rounds: calls of each contestant that count.
        warm: calls of each before, which do not.
        in_a_row: calls that a contestant has before the next one's turn. With one, each finds the caches full of
            another's weights, which hits the small ones hardest; with several, it is as in use, where an engine is
            alone.

    Returns:
        Median and 95th percentile by name.
    """
    if not items:
        raise ValueError("latency needs inputs: give at least one")
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for first in range(-warm, rounds, in_a_row):
            # Whoever goes first finds colder caches: every contestant is first as often as the others.
            start = first // in_a_row % len(names)
            for name in names[start:] + names[:start]:
                for turn in range(first, min(first + in_a_row, rounds)):
                    some = [items[(max(turn, 0) * batch + place) % len(items)] for place in range(batch)]
                    begun = time.perf_counter()
                    contestants[name](some)
                    spent = time.perf_counter() - begun
                    if turn >= 0:
                        times[name].append(1000 * spent)
    finally:
        if collecting:
            gc.enable()
    return {
        name: Latency(batch, float(np.percentile(spent, 50)), float(np.percentile(spent, 95)), len(spent))
        for name, spent in times.items()
    }


def machine() -> dict[str, Any]:
    """What the numbers were taken on: cores this process may use, their model, and how busy they were."""
    model = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 -- no file, a window to the kernel
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
        load = os.getloadavg()[0]
    except OSError:
        load = float("nan")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cores": cores, "cpu": model, "load": round(load, 2)}
