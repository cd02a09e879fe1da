"""Pruning, factorisation and quantisation-aware training of learned engines: one folder in, another out.

Each says in the new folder's history what it did. Needs torch; quantisation, which does not, is in `quantise`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from shopbot.engines.learned.encoding import Encoder
from shopbot.engines.learned.folder import TOKENIZER, need, read_description, tidy
from shopbot.engines.learned.predict import Predictor
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.compression import prune
from shopbot.optimize.compression.factorise import factorise_model
from shopbot.optimize.compression.importance import (
    by_gradient,
    heads_by_magnitude,
    input_moments,
    layers_by_change,
    neurons_by_magnitude,
)
from shopbot.optimize.compression.sparsity import GradualPruning
from shopbot.optimize.compression.vocabulary import common_tokens, trim_table, trim_tokenizer, used_tokens
from shopbot.optimize.config import Objective, PruneConfig, RetrainConfig
from shopbot.optimize.traces.batches import Batch, batches
from shopbot.optimize.traces.fitting import retrain
from shopbot.optimize.traces.network import Network, Outputs
from shopbot.optimize.traces.objective import loss_of_outputs
from shopbot.optimize.traces.reading import split
from shopbot.optimize.traces.saving import load_encoder, load_network, save_network
from shopbot.optimize.traces.teachers import calibrate
from shopbot.optimize.training import Progress

_BATCHES_FOR_IMPORTANCE = 40
_DEV_SHARE = 0.1
OnStep = Callable[[Progress], None]


def prune_folder(
    source: Path,
    target: Path,
    config: PruneConfig,
    traces: Sequence[Trace],
    after: RetrainConfig | None = None,
    *,
    teachers: Sequence[Path] = (),
    on_step: OnStep = lambda progress: None,
) -> None:
    """Prune the engine in `source` into `target`; with `after` it is retrained, `teachers` helping.

    Args:
        traces: decisions that importance is measured on, and that retraining learns from.

    Raises:
        ValueError: nothing is to be pruned, or the importance is of an unknown kind.
    """
    if not any((config.heads, config.neurons, config.layers, config.weights, config.vocabulary)):
        raise ValueError("nothing to prune: give a share of heads, neurons or weights, some layers, or the vocabulary")
    if config.by not in ("gradient", "magnitude"):
        raise ValueError(f"importance is {config.by!r}; there are gradient, magnitude")
    network, encoder = load_network(source), load_encoder(source)
    learn, dev = split(traces, _DEV_SHARE)
    tokenizer = need(source, TOKENIZER)
    if config.vocabulary:
        tokenizer = _trim(network, source, target, traces, config.spare)
        encoder = Encoder(Tokenizer.from_file(str(tokenizer)), encoder.vocabulary, encoder.templates, encoder.layout)
    _prune_layers(network, encoder, learn or traces, config)
    _prune_units(network, encoder, learn or traces, config)
    sparsify: Callable[[int, int], None] = lambda step, total: None  # noqa: E731
    if config.weights:
        sparsify = GradualPruning(network, config.weights, schedule=config.schedule)
    if after:
        retrain(network, encoder, learn, after, teachers=teachers, folder=target, after_step=sparsify, on_step=on_step)
    else:
        sparsify(1, 1)
    done = " ".join(f"{name}={value}" for name, value in vars(config).items() if value)
    _save(network, encoder, source, target, f"prune {done}{_in_words(after)}", tokenizer, dev)


def factorise_folder(
    source: Path,
    target: Path,
    traces: Sequence[Trace],
    after: RetrainConfig | None = None,
    *,
    rank: int | None = None,
    energy: float | None = None,
    embedding: bool = False,
    teachers: Sequence[Path] = (),
    on_step: OnStep = lambda progress: None,
) -> dict[str, int]:
    """Factorise the layers of the engine in `source` into `target`; returns the rank of each that got smaller.

    Args:
        traces: what the layers read of them weighs the error; retraining learns from them, `teachers` helping.
        rank, energy, embedding: see `factorise.factorise_model`.
    """
    network, encoder = load_network(source), load_encoder(source)
    learn, dev = split(traces, _DEV_SHARE)
    ranks = factorise_model(
        network,
        rank=rank,
        energy=energy,
        choose=lambda path, _: path.startswith("encoder."),
        embedding=embedding,
        moments=input_moments(network, _sample(encoder, learn or traces), lambda batch: _run(network, batch)),
    )
    if after:
        retrain(network, encoder, learn, after, teachers=teachers, folder=target, on_step=on_step)
    size = f"rank={rank}" if rank else f"energy={energy}"
    _save(network, encoder, source, target, f"factorise {size}{' embedding' * embedding}{_in_words(after)}", None, dev)
    return ranks


def retrain_folder(
    source: Path,
    target: Path,
    traces: Sequence[Trace],
    config: RetrainConfig,
    *,
    teachers: Sequence[Path] = (),
    on_step: OnStep = lambda progress: None,
) -> None:
    """Train the engine in `source` again, in the shapes that it has, into `target`."""
    network, encoder = load_network(source), load_encoder(source)
    learn, dev = split(traces, _DEV_SHARE)
    retrain(network, encoder, learn, config, teachers=teachers, folder=target, on_step=on_step)
    _save(network, encoder, source, target, f"retrain{_in_words(config)}", None, dev)


def _prune_layers(network: Network, encoder: Encoder, traces: Sequence[Trace], config: PruneConfig) -> None:
    if config.layers:
        change = layers_by_change(network, _sample(encoder, traces), lambda batch: _run(network, batch))
        prune.prune_layers(network, change, config.layers)


def _prune_units(network: Network, encoder: Encoder, traces: Sequence[Trace], config: PruneConfig) -> None:
    if not config.heads and not config.neurons:
        return
    if config.by == "gradient":
        objective = Objective(match=0.0)
        heads, neurons = by_gradient(
            network,
            _sample(encoder, traces),
            lambda batch: loss_of_outputs(objective, _run(network, batch), network, batch, encoder.vocabulary),
        )
    else:
        heads, neurons = heads_by_magnitude(network), neurons_by_magnitude(network)
    prune.prune_heads(network, prune.choose_units(heads, config.heads))
    prune.prune_neurons(network, prune.choose_units(neurons, config.neurons))


def _sample(encoder: Encoder, traces: Sequence[Trace]) -> list[Batch]:
    labels = len(encoder.vocabulary.labels)
    every = batches(encoder.encode(traces), labels, 32, seed=0)
    return [batch for _, batch in zip(range(_BATCHES_FOR_IMPORTANCE), every, strict=False)]


def _run(network: Network, batch: Batch) -> Outputs:
    outputs: Outputs = network(batch.ids, batch.mask, batch.types)
    return outputs


def _trim(network: Network, source: Path, target: Path, traces: Sequence[Trace], spare: int) -> Path:
    """Trim tokenizer and table to the texts that the engine reads of `traces`; returns the new tokenizer's file."""
    predictor, tokenizer = Predictor(source), need(source, TOKENIZER).read_text(encoding="utf-8")
    texts = {text for trace in traces for text in predictor.segments(trace.context)}
    used = set(used_tokens(tokenizer, texts))
    smaller, kept = trim_tokenizer(tokenizer, used | set(common_tokens(tokenizer, spare, used)))
    trim_table(network, kept)
    target.mkdir(parents=True, exist_ok=True)
    (target / TOKENIZER).write_text(smaller, encoding="utf-8")
    return target / TOKENIZER


def _save(
    network: Network,
    encoder: Encoder,
    source: Path,
    target: Path,
    step: str,
    tokenizer: Path | None,
    dev: Sequence[Trace],
) -> None:
    """Write the folder, its temperature fitted anew: a changed network is sure of other things."""
    description = read_description(source).after(step, metrics={})
    found = calibrate(network, encoder.encode(dev), len(encoder.vocabulary.labels))
    if found:
        description = replace(description, calibration={**description.calibration, "temperature": found.temperature})
    save_network(network, description, tokenizer or need(source, TOKENIZER), target)
    tidy(target)


def _in_words(config: RetrainConfig | None) -> str:
    if config is None:
        return ""
    way = f" lora={config.lora}" * bool(config.lora) + " quantisation-aware" * config.quantisation_aware
    return f" retrained epochs={config.schedule.epochs} rate={config.schedule.rate}{way}"
