"""Everything that decides whether a smaller engine is worth having, for several engines side by side.

    measured = measure_folders([Path("teacher"), Path("student")], traces, threads=1)
    write_json(measured, Path("measured.json"))

The first engine is the one that the others are compared with. Needs onnx beside what runs an engine; no torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shopbot.engines.learned.folder import DESCRIPTION, GRAPH, TOKENIZER, need
from shopbot.engines.learned.predict import Feed, Prediction, Predictor
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.measurement.calibration import Bin, reliability
from shopbot.optimize.measurement.graph_cost import flops_of, parameters_of
from shopbot.optimize.measurement.latency import Latency, interleaved, machine
from shopbot.optimize.measurement.metrics import Metrics
from shopbot.optimize.measurement.metrics import measure as metrics_of
from shopbot.optimize.measurement.probe import probe_folder

BATCHES = (1, 32)
_DEPLOYED = (GRAPH, TOKENIZER, DESCRIPTION)
_TIMED = 200
_PROBED = 30


@dataclass(frozen=True)
class Measured:
    """One engine, measured.

    Attributes:
        name: its folder's name.
        parameters: weights of the network, of whatever precision.
        bytes: of the files that are deployed: graph, tokenizer, description.
        compression: bytes of the first engine measured, over these.
        flops: of the matrix products of one decision, mean over real ones.
        import_ms, load_ms, memory_mb: see `probe.Footprint`.
        latency: at batch 1 a whole decision, arguments included; at larger ones tokenising and the graph.
        speedup: median at batch 1 of the first engine measured, over this one's.
        quality: accuracy, weighted F1, calibration error, arguments.
        curve: the calibration curve.
        threads: cores that one decision could use.
        machine: what it was taken on.
    """

    name: str
    parameters: int
    bytes: int
    compression: float
    flops: int
    import_ms: float
    load_ms: float
    memory_mb: float
    latency: tuple[Latency, ...]
    speedup: float
    quality: Metrics
    curve: tuple[Bin, ...] = ()
    threads: int = 1
    machine: dict[str, Any] = field(default_factory=dict)

    def at(self, batch: int) -> Latency:
        """Its latency at a batch size that was measured."""
        return next(each for each in self.latency if each.batch == batch)


def measure_folders(
    folders: Sequence[Path],
    traces: Sequence[Trace],
    *,
    threads: int = 1,
    rounds: int = 50,
    on_step: Callable[[str], None] = lambda doing: None,
) -> list[Measured]:
    """Measure the engines in `folders` on the same decisions, in the same process.

    Args:
        folders: learned engines; the first is what the others are compared with.
        traces: decisions that none of them was trained on.
        threads: cores that one decision may use.
        rounds: timed calls of each engine at batch 1; a fifth of them at larger ones.
        on_step: told what comes next, for a bar; `steps` says how often.

    Raises:
        FolderError: a file of a folder is missing.
        ValueError: there are no decisions.
    """
    if not traces:
        raise ValueError("there are no decisions to measure on: name a file that has some")
    engines = [_Engine(folder, threads) for folder in folders]
    answers: list[list[Prediction]] = []
    for engine in engines:
        on_step(f"{engine.name}: accuracy")
        answers.append([engine.decide(trace) for trace in traces])
    some = list(traces[:: max(len(traces) // _TIMED, 1)])
    timed: dict[int, dict[str, Latency]] = {}
    for batch in BATCHES:
        on_step(f"latency at batch {batch}")
        # Large batches take long and vary little.
        turns, warm = (rounds, 3) if batch == 1 else (max(rounds // 5, 2), 1)
        timed[batch] = interleaved({each.key: each.run for each in engines}, some, batch, turns, warm)
    measured = []
    for engine, predictions in zip(engines, answers, strict=True):
        on_step(f"{engine.name}: load and memory")
        footprint = probe_folder(engine.folder, some[:_PROBED], threads)
        measured.append(
            Measured(
                name=engine.name,
                parameters=parameters_of(engine.folder / GRAPH),
                bytes=deployed_bytes(engine.folder),
                compression=deployed_bytes(engines[0].folder) / deployed_bytes(engine.folder),
                flops=int(np.mean([flops_of(engine.folder / GRAPH, engine.feed([trace])) for trace in some[:5]])),
                **asdict(footprint),
                latency=tuple(timed[batch][engine.key] for batch in BATCHES),
                speedup=timed[1][engines[0].key].p50_ms / timed[1][engine.key].p50_ms,
                quality=metrics_of(traces, predictions),
                curve=tuple(_curve(traces, predictions)),
                threads=threads,
                machine=machine(),
            )
        )
    return measured


def steps(folders: int) -> int:
    """How often `measure_folders` tells what comes next."""
    return 2 * folders + len(BATCHES)


def deployed_bytes(folder: Path) -> int:
    """Bytes of the files that an engine needs at run time."""
    return sum(need(folder, name).stat().st_size for name in _DEPLOYED)


def write_json(measured: Sequence[Measured], file: Path) -> None:
    """All figures as a JSON list, in the order measured."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(each) for each in measured], indent=1) + "\n", encoding="utf-8")


class _Engine:
    """A learned engine and the ways in which it is run here."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder, self.name = folder, folder.resolve().name
        self.key = str(folder.resolve())
        self._predictor = Predictor(folder, threads)

    def decide(self, trace: Trace) -> Prediction:
        return self._predictor.predict(trace.context, trace.allowed)

    def run(self, traces: Sequence[Trace]) -> object:
        """One decision as the engine makes it; several in one run of the graph."""
        if len(traces) == 1:
            return self.decide(traces[0])
        return self._predictor.session.run(None, dict(self.feed(traces)))

    def feed(self, traces: Sequence[Trace]) -> Feed:
        """The graph's inputs for several contexts."""
        return self._predictor.feed([trace.context for trace in traces])


def _curve(traces: Sequence[Trace], predictions: Sequence[Prediction]) -> list[Bin]:
    right = [(trace.choice or "") == (guess.choice or "") for trace, guess in zip(traces, predictions, strict=True)]
    return reliability([min(guess.confidence, 1.0) for guess in predictions], right)
