"""What each technique buys, alone and combined: one table over the same decisions.

    python -m benchmarks.techniques build/star/teacher --train learn.jsonl.gz --dev dev.jsonl.gz --work build/techniques

Starts from a trained engine and applies every technique to it, then those that combine well one after the other; a
retrained one learns from the labels and from the engine it came from. Folders that are there already are not made
again, so a killed run goes on. Writes the table, every figure as JSON, and plots. Needs the `optimize` extra.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from optimize.compress import Cut, factorise_folder, prune_folder, retrain_folder
from optimize.measure import measure_folders, write_json
from optimize.plots import draw_all
from optimize.quantise_folder import quantise_folder
from optimize.retrain import Recovery
from optimize.side_by_side import markdown
from optimize.trace_format import Trace
from optimize.traces.folder import GRAPH
from optimize.traces.objective import Objective
from optimize.traces.reading import read_decisions
from optimize.traces.training import Recipe, train
from optimize.training import Schedule


@dataclass(frozen=True)
class Bench:
    """What every technique gets."""

    teacher: Path
    work: Path
    traces: Sequence[Trace]
    epochs: int
    threads: int

    def recovery(self, *, lora: int = 0, aware: bool = False) -> Recovery:
        """A short retraining."""
        schedule = Schedule(epochs=1, rate=5e-4 if lora else 1e-4, half=True)
        return Recovery(lora=lora, aware=aware, threads=self.threads, schedule=schedule)

    def student(self, layers: int, *, taught: bool) -> Callable[[Path], object]:
        """A student of some layers, from labels alone or from the teacher as well."""
        recipe = Recipe(
            layers=layers,
            threads=self.threads,
            schedule=Schedule(epochs=self.epochs, half=True),
            objective=Objective(),
        )
        teachers = [self.teacher] if taught else []
        return lambda to: train(self.traces, to, recipe, teachers=teachers)

    def pruned(self, source: Path, cut: Cut, recovery: Recovery | None = None) -> Callable[[Path], object]:
        """The engine in `source`, cut."""
        return lambda to: prune_folder(source, to, cut, self.traces, recovery, teachers=[self.teacher])

    def quantised(self, source: Path, way: str) -> Callable[[Path], object]:
        """The engine in `source` with fewer bits."""
        return lambda to: quantise_folder(source, to, way, self.traces)


def techniques(bench: Bench) -> dict[str, Callable[[Path], object]]:
    """Every technique by the name of its folder, in an order in which each finds what it starts from."""
    teacher, at = bench.teacher, bench.work
    half, vocabulary = Cut(heads=0.5, neurons=0.5), Cut(vocabulary=True)
    student, small = at / "distilled-3", at / "distilled-3-vocabulary"
    return {
        "float16": bench.quantised(teacher, "float16"),
        "int8-dynamic": bench.quantised(teacher, "dynamic"),
        "int8-static": bench.quantised(teacher, "static"),
        "weights-8": bench.quantised(teacher, "weights8"),
        "weights-4": bench.quantised(teacher, "weights4"),
        "aware": lambda to: retrain_folder(teacher, to, bench.traces, bench.recovery(aware=True)),
        "aware-int8": bench.quantised(at / "aware", "dynamic"),
        "sparse-half": bench.pruned(teacher, Cut(weights=0.5)),
        "sparse-half-retrained": bench.pruned(teacher, Cut(weights=0.5), bench.recovery()),
        "units-half": bench.pruned(teacher, half),
        "units-half-retrained": bench.pruned(teacher, half, bench.recovery()),
        "units-half-lora": bench.pruned(teacher, half, bench.recovery(lora=16)),
        "vocabulary": bench.pruned(teacher, vocabulary),
        "energy-90": lambda to: factorise_folder(teacher, to, bench.traces, energy=0.9, embedding=True),
        "energy-90-retrained": lambda to: factorise_folder(
            teacher, to, bench.traces, bench.recovery(), energy=0.9, embedding=True, teachers=[teacher]
        ),
        "labels-3": bench.student(3, taught=False),
        "distilled-3": bench.student(3, taught=True),
        "distilled-2": bench.student(2, taught=True),
        "distilled-3-vocabulary": bench.pruned(student, vocabulary),
        "distilled-3-vocabulary-int8": bench.quantised(small, "dynamic"),
        "distilled-3-vocabulary-units": bench.pruned(small, Cut(heads=0.25, neurons=0.5), bench.recovery()),
        "distilled-3-vocabulary-units-int8": bench.quantised(at / "distilled-3-vocabulary-units", "dynamic"),
    }


def main() -> None:
    """Make what is missing, measure all, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True, help="decisions that the teacher was not trained on")
    parser.add_argument("--work", type=Path, default=Path("build/techniques"))
    parser.add_argument("--only", nargs="*", help="names of techniques; all of them without it")
    parser.add_argument("--epochs", type=int, default=4, help="of the students' training")
    parser.add_argument("--threads", type=int, default=2)
    wanted = parser.parse_args()
    bench = Bench(wanted.teacher, wanted.work, read_decisions(wanted.train).traces, wanted.epochs, wanted.threads)
    folders = [wanted.teacher]
    for name, make in techniques(bench).items():
        if wanted.only and name not in wanted.only:
            continue
        if not (wanted.work / name / GRAPH).exists():
            print(f"making {name}", flush=True)
            make(wanted.work / name)
        folders.append(wanted.work / name)
    dev = read_decisions(wanted.dev).traces
    measured = measure_folders(folders, dev, threads=1, on_step=lambda doing: print(doing, flush=True))
    write_json(measured, wanted.work / "measured.json")
    (wanted.work / "table.md").write_text(markdown(measured) + "\n", encoding="utf-8")
    draw_all(measured, wanted.work / "plots")
    print(markdown(measured))


if __name__ == "__main__":
    main()
