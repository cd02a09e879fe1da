"""Load time and memory of a learned engine, taken in a process of its own, where nothing else has been loaded.

`probe_folder` starts the process, whose work is `main`, and reads what it prints.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shopbot.engines.learned.folder import FolderError
from shopbot.engines.recording.trace_format import Trace

_SEPARATELY = 3
_CHILD = """
import sys
try:
    bare = [int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
except OSError:
    import resource
    bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from shopbot.optimize.measurement.probe import main
main(bare / 1e6, *sys.argv[1:])
"""
"""What the process runs: it weighs itself before it imports anything."""


@dataclass(frozen=True)
class Footprint:
    """What an engine asks of a fresh process.

    Attributes:
        import_ms: importing numpy, onnxruntime, tokenizers and the engine's code.
        load_ms: from the folder to a ready engine, that done.
        memory_mb: highest resident memory while it decides, above that of the bare interpreter; 10^6 bytes.
    """

    import_ms: float
    load_ms: float
    memory_mb: float


def probe_folder(folder: Path, traces: Sequence[Trace], threads: int = 1) -> Footprint:
    """Medians over processes that each load the engine in `folder` and decide `traces`.

    Raises:
        FolderError: the engine fails in a process of its own.
    """
    with tempfile.TemporaryDirectory(prefix="probe-") as scratch:
        contexts = Path(scratch) / "contexts.json"
        rows = [{"context": trace.context, "allowed": [each.name for each in trace.allowed]} for trace in traces]
        contexts.write_text(json.dumps(rows), encoding="utf-8")
        said = [_child(folder, contexts, threads) for _ in range(_SEPARATELY)]
    return Footprint(*(statistics.median(each[name] for each in said) for name in Footprint.__dataclass_fields__))


def _child(folder: Path, contexts: Path, threads: int) -> dict[str, float]:
    command = [sys.executable, "-c", _CHILD, str(folder.resolve()), str(contexts), str(threads)]
    done = subprocess.run(  # noqa: S603 -- this interpreter, the code above
        command, capture_output=True, text=True, cwd=Path(__file__).resolve().parent.parent, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise FolderError(f"{folder} cannot be run in a process of its own: {last[0]}")
    read: dict[str, float] = json.loads(done.stdout)
    return read


def peak_mb() -> float:
    """The highest resident memory of this process so far, in 10^6 bytes."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    import resource

    # Not on Linux, where it would be the parent's if that was larger; macOS counts bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(bare_mb: float, folder: str, contexts: str, threads: str) -> None:
    """Load, decide, print one JSON object."""
    rows = json.loads(Path(contexts).read_text(encoding="utf-8"))
    begun = time.perf_counter()
    import onnxruntime  # noqa: F401 -- the engine's own import is lazy, and belongs to the imports

    from shopbot.engines.learned.predict import Predictor
    from shopbot.engines.recording.trace_format import AllowedAction

    imported = time.perf_counter()
    predictor = Predictor(Path(folder), int(threads))
    loaded = time.perf_counter()
    for row in rows:
        allowed = [AllowedAction(name) for name in row["allowed"]]
        predictor.predict([(speaker, text) for speaker, text in row["context"]], allowed)
    times = {"import_ms": 1000 * (imported - begun), "load_ms": 1000 * (loaded - imported)}
    print(json.dumps({**times, "memory_mb": peak_mb() - bare_mb}))
