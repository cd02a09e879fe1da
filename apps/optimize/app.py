"""The sub-app `shopbot optimize`. Options stand here; what a command imports when it runs stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shopbot.apps.optimize.cascade import cascade
from shopbot.apps.optimize.options import (
    Aware,
    Base,
    Batch,
    Dev,
    Epochs,
    Folder,
    Layers,
    Lora,
    Plots,
    Rate,
    Retrain,
    Seed,
    Start,
    Teachers,
    Threads,
    To,
    ToFile,
    Traces,
)
from shopbot.apps.optimize.places import place_of, traces_at
from shopbot.apps.optimize.retriever import retriever
from shopbot.apps.options import Data

app = typer.Typer(
    name="optimize",
    help="Make a small local engine from recorded decisions, and make it smaller still.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def data(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recorded decisions.")],
    to: ToFile = None,
    dev: Dev = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the conversations that goes to --dev.")] = 0.1,
    seed: Seed = 1,
    folder: Data = None,
) -> None:
    """Read recorded decisions of any known form, count them, and write them as traces, split by conversation."""
    from shopbot.apps.optimize.learning import run_data

    run_data(files, place_of(to, folder, "decisions.jsonl.gz"), dev, share, seed)


@app.command()
def teach(
    traces: Traces = None,
    to: ToFile = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the conversations; each is scored by the others.")] = 4,
    repeats: Annotated[int, typer.Option(min=1, help="Networks a fold, averaged.")] = 3,
    epochs: Epochs = 16,
    base: Base = "minilm",
    seed: Seed = 0,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Score every decision by small networks that never saw its conversation: soft labels for `train` and `distil`."""
    from shopbot.apps.optimize.learning import run_teach
    from shopbot.optimize.config import CrossFitConfig

    target = place_of(to, data, "scored.jsonl.gz")
    config = CrossFitConfig(
        folds=folds,
        repeats=repeats,
        epochs=epochs,
        seed=seed,
        threads=threads,
        base=base,
        folder=target.with_name(f"{target.name}.parts"),
    )
    run_teach(traces_at(traces, data), target, config)


@app.command()
def train(
    traces: Traces = None,
    to: To = None,
    dev: Dev = None,
    base: Base = "minilm",
    layers: Layers = None,
    start: Start = None,
    epochs: Epochs = 5,
    rate: Rate = 3e-4,
    batch: Batch = 32,
    seed: Seed = 1,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Train an engine on what was chosen, and on scores recorded beside it: a teacher. A killed run goes on."""
    from shopbot.apps.optimize.learning import run_train
    from shopbot.optimize.config import Schedule, TrainConfig

    schedule = Schedule(epochs=epochs, rate=rate, seed=seed, half=True)
    config = TrainConfig(base=base, layers=layers, start=start, batch=batch, threads=threads, schedule=schedule)
    run_train(traces_at(traces, data), place_of(to, data, "engines/teacher"), dev, config)


@app.command()
def distil(
    traces: Traces = None,
    to: To = None,
    teacher: Teachers = None,
    dev: Dev = None,
    base: Annotated[
        str | None,
        typer.Option(help="Encoder to start from; by default the first teacher's own layers, without one minilm."),
    ] = None,
    layers: Layers = 3,
    start: Start = None,
    temperature: Annotated[float, typer.Option(min=0.1, help="At which teacher and student are compared.")] = 2.0,
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Share of the teacher in the loss.")] = 0.7,
    hidden: Annotated[float, typer.Option(min=0, help="Weight of imitating its hidden states.")] = 0.0,
    attention: Annotated[float, typer.Option(min=0, help="Weight of imitating its attention maps.")] = 0.0,
    relations: Annotated[float, typer.Option(min=0, help="Weight of imitating its relations of decisions.")] = 0.0,
    peers: Annotated[int, typer.Option(min=1, help="Students that learn side by side, from each other too.")] = 1,
    generations: Annotated[int, typer.Option(min=1, help="Students of students: each learns from the last.")] = 1,
    epochs: Epochs = 5,
    rate: Rate = 3e-4,
    batch: Batch = 32,
    seed: Seed = 1,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Make a small engine from recorded decisions: from teachers, from the scores recorded with them, or from both."""
    from shopbot.apps.optimize.learning import run_train
    from shopbot.optimize.config import Imitation, Objective, Schedule, TrainConfig

    config = TrainConfig(
        base=base or "minilm",
        layers=layers,
        start=start or (teacher[0] if teacher and not base else None),
        peers=peers,
        batch=batch,
        threads=threads,
        schedule=Schedule(epochs=epochs, rate=rate, seed=seed, half=True),
        objective=Objective(temperature=temperature, alpha=alpha),
        imitate=Imitation(hidden, attention, relations),
    )
    run_train(traces_at(traces, data), place_of(to, data, "engines/student"), dev, config, teacher or [], generations)


@app.command()
def quantise(
    folder: Folder,
    to: To = None,
    way: Annotated[
        str, typer.Option(help="dynamic, static (int8); weights8, weights4 (weights only); float16, bfloat16; table.")
    ] = "dynamic",
    traces: Annotated[
        Path | None, typer.Option("--traces", metavar="FILE", help="Recorded decisions; for static and --retrain.")
    ] = None,
    method: Annotated[str, typer.Option(help="Calibration of static ranges: minmax, entropy, percentile.")] = "minmax",
    plots: Plots = None,
    teacher: Teachers = None,
    retrain: Aware = 0,
    rate: Rate = 1e-4,
    seed: Seed = 1,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Store and compute with fewer bits. Static ranges are calibrated on the traces."""
    from shopbot.apps.optimize.techniques import retraining, run_quantise

    after = retraining(retrain, 0, rate, seed, threads, quantisation_aware=True)
    target = place_of(to, data, "engines/quantised")
    run_quantise(folder, target, way, traces, method, plots, after, teacher or [])


@app.command()
def prune(
    folder: Folder,
    to: To = None,
    traces: Traces = None,
    heads: Annotated[float, typer.Option(min=0, max=0.99, help="Share of the attention heads.")] = 0.0,
    neurons: Annotated[float, typer.Option(min=0, max=0.99, help="Share of the feed-forward neurons.")] = 0.0,
    layers: Annotated[int, typer.Option(min=0, help="How many layers.")] = 0,
    weights: Annotated[float, typer.Option(min=0, max=1, help="Share of single weights that become zero.")] = 0.0,
    vocabulary: Annotated[bool, typer.Option(help="Keep only the tokens that the traces need.")] = False,
    spare: Annotated[int, typer.Option(min=0, help="Common tokens to keep besides.")] = 4000,
    by: Annotated[str, typer.Option(help="Importance by gradient or magnitude.")] = "gradient",
    schedule: Annotated[str, typer.Option(help="Growth of --weights in training: constant, linear, cubic.")] = "cubic",
    teacher: Teachers = None,
    retrain: Retrain = 0,
    lora: Lora = 0,
    rate: Rate = 1e-4,
    seed: Seed = 1,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Take out heads, neurons, layers, single weights or tokens, the least important first."""
    from shopbot.apps.optimize.techniques import retraining, run_prune
    from shopbot.optimize.config import PruneConfig

    config = PruneConfig(
        heads=heads,
        neurons=neurons,
        layers=layers,
        weights=weights,
        vocabulary=vocabulary,
        spare=spare,
        by=by,
        schedule=schedule,
    )
    after = retraining(retrain, lora, rate, seed, threads)
    run_prune(folder, place_of(to, data, "engines/pruned"), traces_at(traces, data), config, after, teacher or [])


@app.command()
def factorise(
    folder: Folder,
    to: To = None,
    traces: Traces = None,
    rank: Annotated[int | None, typer.Option(min=1, help="Rank of every matrix, or")] = None,
    energy: Annotated[float | None, typer.Option(min=0, max=1, help="share of each matrix's energy to keep.")] = None,
    embedding: Annotated[bool, typer.Option(help="Factorise the token table too.")] = False,
    teacher: Teachers = None,
    retrain: Retrain = 0,
    lora: Lora = 0,
    rate: Rate = 1e-4,
    seed: Seed = 1,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Replace matrices by products of two thin ones, where that is smaller."""
    from shopbot.apps.optimize.techniques import retraining, run_factorise

    after = retraining(retrain, lora, rate, seed, threads)
    target = place_of(to, data, "engines/factorised")
    run_factorise(folder, target, traces_at(traces, data), rank, energy, embedding, after, teacher or [])


@app.command()
def measure(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Engines; the first is compared with.")],
    traces: Traces = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every figure here.")] = None,
    plots: Plots = None,
    limit: Annotated[int, typer.Option(min=0, help="Only so many decisions, evenly spread; 0 takes all.")] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="Timed calls of each engine at batch 1, a fifth at 32.")] = 100,
    threads: Annotated[int, typer.Option(min=1, help="Cores that a decision may use.")] = 1,
    data: Data = None,
) -> None:
    """Size, memory, speed, accuracy and calibration of engines, side by side, on the same decisions."""
    from shopbot.apps.optimize.measuring import run_measure

    run_measure(folders, traces_at(traces, data), json, plots, limit, rounds, threads)


@app.command()
def ship(
    folder: Folder,
    to: To = None,
    traces: Traces = None,
    replaces: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The engine in use; without it, the one in --to.")
    ] = None,
    name: Annotated[str, typer.Option(help="Title of the model card.")] = "",
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Where the decisions come from, with their licence, for the card."),
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Points of accuracy that may be lost.")] = 0.0,
    threads: Threads = 1,
    data: Data = None,
) -> None:
    """Put an engine with its model card in place, unless it is worse than the one it replaces."""
    from shopbot.apps.optimize.measuring import run_ship

    target = place_of(to, data, "engines/shipped")
    run_ship(folder, target, traces_at(traces, data), replaces, name, source or [], tolerance, threads)


@app.command()
def gguf(
    source: Annotated[Path, typer.Argument(help="Folder of a Llama decoder (Hugging Face), or a 16-bit GGUF file.")],
    to: ToFile = None,
    kind: Annotated[str, typer.Option(help="f16, q8_0, q6_k, q5_k_m, q4_k_m, q4_0 or q3_k_m.")] = "q4_k_m",
    end: Annotated[str, typer.Option(help="The token that ends a text.")] = "</s>",
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Write a decoder as a small file for llama.cpp, by llama.cpp's own quantiser."""
    from shopbot.apps.optimize.decoders import run_gguf

    run_gguf(source, place_of(to, data, "engines/decoder.gguf"), kind, end, threads)


app.command()(retriever)
app.command()(cascade)
