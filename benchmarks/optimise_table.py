"""What does each optimising technique buy, alone and together with others? One table, on the same public decisions.

    python -m benchmarks.optimise_table [--to build/techniques] [--soft FILE] [--epochs 5] [--rows 0] [--threads 2]

STAR's next actions (`star/` in the folder that SHOPBOT_EXTERNAL_DATA names), parted by dialogue: four fifths to learn
from, the rest to measure on. A teacher of six layers, students of three from labels and from the teacher; then each
technique on the teacher alone, and together on the student. Every engine stays in a folder of its own under --to, and
one that is there is not made again, so that a killed run goes on. `--rows` takes so many decisions only, to try it.
Needs the optimize extra. On two cores with nothing else running, the full table takes about three hours.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from shopbot.engines.learned.folder import DESCRIPTION
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.config import CrossFitConfig, Objective, PruneConfig, RetrainConfig, Schedule, TrainConfig
from shopbot.optimize.crossfit.scoring import cross_fit_scores
from shopbot.optimize.folders.pruning import factorise_folder, prune_folder
from shopbot.optimize.folders.quantise import quantise_folder
from shopbot.optimize.measurement.measure import measure_folders, write_json
from shopbot.optimize.measurement.plots import draw_all
from shopbot.optimize.measurement.side_by_side import markdown
from shopbot.optimize.traces.reading import read_decisions, split
from shopbot.optimize.traces.training import train
from shopbot.optimize.training import Progress

Made = Callable[[Path], object]
FILE = Path("star") / "nap_happy_train.jsonl.gz"
TEST_SHARE, DEV_SHARE = 0.2, 0.1
SEED = 1
LEARN_ACTIONS = Objective(smoothing=0.08, arguments=0.0)
"""STAR's yardstick is the action alone."""


def star_traces() -> list[Trace]:
    """Every decision of STAR's public part."""
    folder = Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    return read_decisions(folder / FILE).traces


def star_parts(rows: int = 0) -> tuple[list[Trace], list[Trace], list[Trace]]:
    """STAR parted by dialogue: to learn from, to calibrate on, to measure on."""
    learn, test = split(star_traces(), TEST_SHARE)
    learn, dev = split(learn, DEV_SHARE, seed=SEED)
    return (learn[:rows], dev[: rows // 4], test[: rows // 4]) if rows else (learn, dev, test)


def scores_from(file: Path, traces: Sequence[Trace]) -> list[Trace]:
    """The traces, each with the scores that the same decision has in `file`."""
    scores = {(trace.conversation, trace.context): trace.scores for trace in read_decisions(file).traces}
    return [replace(trace, scores=scores[trace.conversation, trace.context]) for trace in traces]


def engines(wanted: argparse.Namespace, learn: Sequence[Trace], dev: Sequence[Trace]) -> dict[str, Made]:
    """How each row of the table is made, by the name of its folder, in an order in which each finds what it needs."""
    at = wanted.to
    config = TrainConfig(
        threads=wanted.threads,
        schedule=Schedule(epochs=wanted.epochs, rate=4e-4, seed=SEED, half=True),
        objective=LEARN_ACTIONS,
    )
    retraining = RetrainConfig(
        threads=wanted.threads,
        schedule=Schedule(epochs=wanted.retrain, rate=2e-4, seed=SEED, half=True),
        objective=LEARN_ACTIONS,
    )
    teacher, student = at / "teacher", at / "distilled"
    halved, sparse = PruneConfig(heads=0.5, neurons=0.5), PruneConfig(weights=0.5)
    bare = [replace(trace, scores=None) for trace in learn]
    half, _ = split(learn, 0.5, seed=SEED)

    def made_by(layers: int, teachers: Sequence[Path] = (), traces: Sequence[Trace] = learn) -> Made:
        # A student begins as some of its teacher's layers (Sanh et al. 2019).
        own = replace(config, layers=layers, start=teachers[0] if teachers else None)
        return lambda to: train(traces, to, own, teachers=teachers, dev=dev, on_step=_say(to.name))

    def cut(what: PruneConfig, after: RetrainConfig | None = None) -> Made:
        return lambda to: prune_folder(student, to, what, half if after else learn, after, on_step=_say(to.name))

    def factorised(after: RetrainConfig | None = None) -> Made:
        return lambda to: factorise_folder(
            student, to, half if after else learn, after, energy=0.8, on_step=_say(to.name)
        )

    def quantised(source: str, way: str = "dynamic") -> Made:
        return lambda to: quantise_folder(at / source, to, way)

    return {
        "teacher": made_by(6),
        "labels": made_by(3, traces=bare),
        "distilled": made_by(3, [teacher]),
        "int8": quantised("distilled"),
        "weights4": quantised("distilled", "weights4"),
        "trimmed": cut(PruneConfig(vocabulary=True)),
        "halved": cut(halved),
        "halved-retrained": cut(halved, retraining),
        "sparse": cut(sparse),
        "sparse-retrained": cut(sparse, retraining),
        "factorised": factorised(),
        "factorised-retrained": factorised(retraining),
        "trimmed-int8": quantised("trimmed"),
        "halved-trimmed": cut(replace(halved, vocabulary=True), retraining),
        "halved-trimmed-int8": quantised("halved-trimmed"),
    }


def main() -> None:
    """Make what is missing, measure everything, print the table, write it as JSON and draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path("build/techniques"))
    parser.add_argument("--soft", type=Path, help="soft labels that `shopbot optimize teach` wrote; else they are made")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--retrain", type=int, default=1, help="epochs after a cut, over half of the decisions")
    parser.add_argument("--rows", type=int, default=0, help="decisions to learn from; 0 takes all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="names of the rows to make and measure")
    wanted = parser.parse_args()
    learn, dev, test = star_parts(wanted.rows)
    if wanted.soft:
        learn = scores_from(wanted.soft, learn)
    else:
        learn = cross_fit_scores(learn, CrossFitConfig(threads=wanted.threads, folder=wanted.to / "scores"))
    print(f"{len(learn)} decisions to learn from, {len(dev)} to calibrate on, {len(test)} to measure on", flush=True)
    names = []
    for name, make in engines(wanted, learn, dev).items():
        if wanted.only and name not in wanted.only:
            continue
        names.append(name)
        if not (wanted.to / name / DESCRIPTION).exists():
            print(f"making {name}", flush=True)
            make(wanted.to / name)
    measured = measure_folders([wanted.to / name for name in names], test, threads=1)
    write_json(measured, wanted.to / "techniques.json")
    draw_all(measured, wanted.to, "svg")
    print(markdown(measured))


def _say(name: str) -> Callable[[Progress], None]:
    def say(progress: Progress) -> None:
        if progress.step % 50 == 0:
            print(f"{name} {progress.step}/{progress.total} loss {progress.loss:.3f}", flush=True)

    return say


if __name__ == "__main__":
    main()
