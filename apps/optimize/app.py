"""The sub-app `shopbot optimize`. Options stand here; what a command imports when it runs stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from shopbot.apps.optimize.cascade import cascade
from shopbot.apps.optimize.options import (
    Base,
    Batch,
    Dev,
    Epochs,
    Folder,
    Layers,
    Lora,
    MaybeTraces,
    Rate,
    Retrain,
    Seed,
    Start,
    Teachers,
    Threads,
    To,
    Traces,
)
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
    to: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--to", metavar="FILE", help="One file of traces, .gz or plain."),
    ] = None,
    dev: Dev = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the conversations that goes to --dev.")] = 0.1,
    seed: Seed = 1,
    folder: Data = None,
) -> None:
    """Read recorded decisions of any known form, count them, and write them as traces, split by conversation."""
    from shopbot.apps.optimize.learning import run_data
    from shopbot.apps.optimize.places import place_of

    run_data(files, place_of(to, folder, "decisions.jsonl.gz"), dev, share, seed)


@app.command()
def teach(
    traces: Traces = None,
    to: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--to", metavar="FILE", help="The decisions with scores, .gz or plain."),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the conversations; each is judged by the others.")] = 4,
    repeats: Annotated[int, typer.Option(min=1, help="Networks a fold, averaged.")] = 3,
    epochs: Epochs = 16,
    base: Base = "minilm",
    seed: Seed = 0,
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Score every decision by small networks that never saw its conversation: soft labels for `train` and `distil`."""
    from shopbot.apps.optimize.learning import run_teach
    from shopbot.apps.optimize.places import place_of, traces_at

    run_teach(
        traces_at(traces, data), place_of(to, data, "scored.jsonl.gz"), folds, repeats, epochs, base, seed, threads
    )


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
    from shopbot.apps.optimize.learning import Wanted, run_train
    from shopbot.apps.optimize.places import place_of, traces_at

    run_train(
        traces_at(traces, data),
        place_of(to, data, "engines/teacher"),
        dev,
        [],
        Wanted(base, layers, start, epochs, rate, batch, seed, threads),
    )


@app.command()
def distil(
    traces: Traces = None,
    to: To = None,
    teacher: Teachers = None,
    dev: Dev = None,
    base: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Encoder to start from; by default the first teacher's own layers, without one minilm."),
    ] = None,
    layers: Layers = 3,
    start: Start = None,
    temperature: Annotated[float, typer.Option(help="At which teacher and student are compared.")] = 2.0,
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
    from shopbot.apps.optimize.learning import Wanted, run_train
    from shopbot.apps.optimize.places import place_of, traces_at

    begin = start or (teacher[0] if teacher and not base else None)
    wanted = Wanted(
        base or "minilm", layers, begin, epochs, rate, batch, seed, threads,
        temperature, alpha, hidden, attention, relations, peers, generations,
    )  # fmt: skip
    run_train(traces_at(traces, data), place_of(to, data, "engines/student"), dev, teacher or [], wanted)


@app.command()
def quantise(
    folder: Folder,
    to: To = None,
    way: Annotated[
        str, typer.Option(help="dynamic, static (int8); weights8, weights4 (weights only); float16, bfloat16; table.")
    ] = "dynamic",
    traces: MaybeTraces = None,
    method: Annotated[str, typer.Option(help="Calibration of static ranges: minmax, entropy, percentile.")] = "minmax",
    plots: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", help="Draw the calibrated ranges here."),
    ] = None,
    data: Data = None,
) -> None:
    """Store and compute with fewer bits. Static ranges are calibrated on the traces."""
    from shopbot.apps.optimize.places import place_of
    from shopbot.apps.optimize.techniques import run_quantise

    run_quantise(folder, place_of(to, data, "engines/quantised"), way, traces, method, plots)


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
    from shopbot.apps.optimize.places import place_of, traces_at
    from shopbot.apps.optimize.techniques import After, run_prune

    after = After(retrain, lora, rate, seed, threads, teacher or [])
    run_prune(
        folder,
        place_of(to, data, "engines/pruned"),
        traces_at(traces, data),
        (heads, neurons, layers, weights, vocabulary, spare, by, schedule),
        after,
    )


@app.command()
def factorise(
    folder: Folder,
    to: To = None,
    traces: Traces = None,
    rank: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Rank of every matrix, or"),
    ] = None,
    energy: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0, max=1, help="share of each matrix's energy to keep."),
    ] = None,
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
    from shopbot.apps.optimize.places import place_of, traces_at
    from shopbot.apps.optimize.techniques import After, run_factorise

    after = After(retrain, lora, rate, seed, threads, teacher or [])
    run_factorise(
        folder, place_of(to, data, "engines/factorised"), traces_at(traces, data), rank, energy, embedding, after
    )


@app.command()
def measure(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Engines; the first is compared with.")],
    traces: Traces = None,
    json: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", metavar="FILE", help="Write every figure here."),
    ] = None,
    plots: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--plots", metavar="DIR", help="Draw accuracy against size and latency, and calibration."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Only so many decisions, evenly spread; 0 takes all.")] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="Timed calls of each engine at batch 1, a fifth at 32.")] = 100,
    threads: Annotated[int, typer.Option(min=1, help="Cores that a decision may use.")] = 1,
    data: Data = None,
) -> None:
    """Size, memory, speed, accuracy and calibration of engines, side by side, on the same decisions."""
    from shopbot.apps.optimize.measuring import run_measure
    from shopbot.apps.optimize.places import traces_at

    run_measure(folders, traces_at(traces, data), json, plots, limit, rounds, threads)


@app.command()
def ship(
    folder: Folder,
    to: To = None,
    traces: Traces = None,
    replaces: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FOLDER", help="The engine in use; without it, the one in --to."),
    ] = None,
    name: Annotated[str, typer.Option(help="Title of the model card.")] = "",
    source: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--source", help="Where the decisions come from, with their licence, for the card."),
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Points of accuracy that may be lost.")] = 0.0,
    threads: Threads = 1,
    data: Data = None,
) -> None:
    """Put an engine with its model card in place, unless it is worse than the one it replaces."""
    from shopbot.apps.optimize.measuring import run_ship
    from shopbot.apps.optimize.places import place_of, traces_at

    run_ship(
        folder,
        place_of(to, data, "engines/shipped"),
        traces_at(traces, data),
        replaces,
        name,
        source or [],
        tolerance,
        threads,
    )


@app.command()
def gguf(
    source: Annotated[Path, typer.Argument(help="Folder of a Llama decoder (Hugging Face), or a 16-bit GGUF file.")],
    to: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--to", metavar="FILE", help="The GGUF file to write."),
    ] = None,
    kind: Annotated[str, typer.Option(help="f16, q8_0, q6_k, q5_k_m, q4_k_m, q4_0 or q3_k_m.")] = "q4_k_m",
    end: Annotated[str, typer.Option(help="The token that ends a text.")] = "</s>",
    threads: Threads = 2,
    data: Data = None,
) -> None:
    """Write a decoder as a small file for llama.cpp, by llama.cpp's own quantiser."""
    from shopbot.apps.optimize.decoders import run_gguf
    from shopbot.apps.optimize.places import place_of

    run_gguf(source, place_of(to, data, "engines/decoder.gguf"), kind, end, threads)


app.command()(retriever)
app.command()(cascade)
