"""The shipped planner beside its full-precision teacher, in one run: size, speed, accuracy, loading, memory.

    python -m benchmarks.planner_engine --teacher build/teacher/planner.onnx

`labels.json` and `tokenizer.json` of the teacher lie beside its graph (all three are written by
`python -m shopbot.optimize.shopbot.planner.export`). Latency is taken in one process, in turns of ten readings, with
one thread and with two; loading and memory in a process of their own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.next_action import decide, gold_reading
from shopbot.engines.shopbot.reader import Reader
from shopbot.optimize.measurement.latency import interleaved
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.corpus import examples

_CHILD = """
import time
def resident():
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0] / 1000
bare = resident()
import numpy, onnxruntime, tokenizers
from pathlib import Path
from shopbot.engines.shopbot import reader
from sys import argv
begun = time.perf_counter()
network = reader._load(1, Path(argv[1]))
loaded = time.perf_counter() - begun
for turn in range(20):
    network.read("asked for: items. goal: return. known: order.", argv[2] + str(turn))
print(1000 * loaded, resident() - bare)
"""
_WORDS = "I would like to send back the blue jeans and two of the coffee mugs from my order because they do not fit "


def accuracy(reader: Reader, chosen: list[Example]) -> float:
    """Share of messages after which the next action and its arguments are right."""
    right = [
        decide(gold_reading(example), example) == decide(reader.read(example.context, example.message), example)
        for example in chosen
    ]
    return float(np.mean(right))


def loading(model: Path) -> tuple[float, float]:
    """Milliseconds to load and megabytes above the bare interpreter; medians over three processes."""
    said = []
    for _ in range(3):
        child = [sys.executable, "-c", _CHILD, str(model), _WORDS]
        out = subprocess.run(child, capture_output=True, text=True, check=True).stdout
        said.append([float(part) for part in out.split()])
    return median(ms for ms, _ in said), median(mb for _, mb in said)


def asking(readers: Mapping[str, Reader]) -> dict[str, Callable[[Sequence[tuple[str, str]]], object]]:
    """Whole readings, values included, past the reader's memory of earlier ones."""
    return {
        name: (lambda batch, reader=reader: [reader._read(*one) for one in batch])  # type: ignore[misc]
        for name, reader in readers.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, required=True, help="float32 ONNX graph")
    parser.add_argument("--shipped", type=Path, default=Path("engines/shopbot/weights/planner.int8.onnx"))
    parser.add_argument("--count", type=int, default=2000)
    wanted = parser.parse_args()
    files = {"teacher": wanted.teacher, "shipped": wanted.shipped}
    readers = {name: Reader(1, file) for name, file in files.items()}
    chosen = list(examples("test", wanted.count, 1))
    # 128 tokens: what a long letter is cut to; and messages as they come.
    long = [("asked for: nothing. goal: none. known: nothing.", f"{_WORDS * 5}{turn}") for turn in range(60)]
    short = [(example.context, example.message) for example in chosen[:200]]
    at_128, as_sent = (interleaved(asking(readers), some, rounds=len(some), in_a_row=10) for some in (long, short))
    # Threads of one pool spin for a while after a reading and would take the other's cores: each has its turn alone.
    by_two = asking({name: Reader(2, file) for name, file in files.items()})
    at_128_by_two = interleaved(by_two, long, rounds=len(long), in_a_row=len(long))
    right = {name: accuracy(reader, chosen) for name, reader in readers.items()}
    loads = {name: loading(file) for name, file in files.items()}
    print("| | teacher, float32 | shipped | ratio |\n|---|---|---|---|")
    sizes = {name: file.stat().st_size / 1e6 for name, file in files.items()}
    rows = [
        ("size on disk, MB", sizes, "smaller"),
        ("next action and arguments right, %", {name: 100 * share for name, share in right.items()}, "kept"),
        ("128 tokens, ms, p50, one thread", {name: timed.p50_ms for name, timed in at_128.items()}, "faster"),
        ("128 tokens, ms, p50, two threads", {name: timed.p50_ms for name, timed in at_128_by_two.items()}, "faster"),
        ("a message as sent, ms, p50", {name: timed.p50_ms for name, timed in as_sent.items()}, "faster"),
        ("load, ms", {name: ms for name, (ms, _) in loads.items()}, "faster"),
        ("memory above the interpreter, MB", {name: mb for name, (_, mb) in loads.items()}, "smaller"),
    ]
    for title, figures, kind in rows:
        teacher, shipped = figures["teacher"], figures["shipped"]
        ratio = f"{shipped / teacher:.1%} kept" if kind == "kept" else f"{teacher / shipped:.1f} x {kind}"
        print(f"| {title} | {teacher:.1f} | {shipped:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
