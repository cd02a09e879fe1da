"""Techniques on learned engines' folders: each reads one folder, writes another, and says what it did in its history.

Needs torch. Quantisation, which does not, is in `quantise`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import Tokenizer

from shopbot.engines.learned.encoding import Encoder
from shopbot.engines.learned.folder import TOKENIZER, need, read_description, tidy
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
from shopbot.optimize.compression.sparsity import GradualPruning, apply_masks, magnitude_masks, prunable
from shopbot.optimize.compression.vocabulary import common_tokens, trim_table, trim_tokenizer, used_tokens
from shopbot.optimize.folders.feeds import Feeder
from shopbot.optimize.folders.retrain import Recovery, retrain
from shopbot.optimize.traces.batches import Batch, batches
from shopbot.optimize.traces.network import Network
from shopbot.optimize.traces.objective import Objective
from shopbot.optimize.traces.reading import split
from shopbot.optimize.traces.saving import load_encoder, load_network, save_network
from shopbot.optimize.traces.teachers import calibrate
from shopbot.optimize.training import Progress

_BATCHES_FOR_IMPORTANCE = 40
_DEV_SHARE = 0.1
Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Cut:
    """What pruning removes; shares are 0 to 1.

    Attributes:
        heads, neurons: shares of all attention heads and feed-forward neurons.
        layers: how many layers.
        weights: share of the single weights that become zero.
        vocabulary: whether the token table keeps only what the traces need, and `spare` common tokens besides,
            so that wording that the traces do not have is still read in whole words.
        by: importance of heads and neurons, "gradient" or "magnitude".
        schedule: how the share of zero weights grows during retraining.
    """

    heads: float = 0.0
    neurons: float = 0.0
    layers: int = 0
    weights: float = 0.0
    vocabulary: bool = False
    spare: int = 4000
    by: str = "gradient"
    schedule: str = "cubic"


def prune_folder(
    source: Path,
    target: Path,
    cut: Cut,
    traces: Sequence[Trace],
    recovery: Recovery | None = None,
    *,
    teachers: Sequence[Path] = (),
    on_step: Watch = lambda progress: None,
) -> None:
    """Prune the engine in `source` into `target`; with `recovery` it is retrained afterwards, `teachers` helping.

    Args:
        traces: decisions that importance is measured on, and that retraining learns from.
    """
    if not any((cut.heads, cut.neurons, cut.layers, cut.weights, cut.vocabulary)):
        raise ValueError("nothing to prune: give a share of heads, neurons or weights, some layers, or the vocabulary")
    if cut.by not in ("gradient", "magnitude"):
        raise ValueError(f"importance is {cut.by!r}; there are gradient, magnitude")
    network, encoder = load_network(source), load_encoder(source)
    learn, dev = split(traces, _DEV_SHARE)
    tokenizer = need(source, TOKENIZER)
    if cut.vocabulary:
        tokenizer = _trim(network, source, target, traces, cut.spare)
        encoder = Encoder(Tokenizer.from_file(str(tokenizer)), encoder.vocabulary, encoder.sayings, encoder.layout)
    _cut_layers(network, encoder, learn or traces, cut)
    _cut_units(network, encoder, learn or traces, cut)
    hold = lambda step, total: None  # noqa: E731
    if cut.weights and recovery:
        hold = GradualPruning(network, cut.weights, schedule=cut.schedule)
    elif cut.weights:
        apply_masks(network, magnitude_masks(prunable(network), cut.weights))
    if recovery:
        retrain(network, encoder, learn, recovery, teachers=teachers, folder=target, after_step=hold, on_step=on_step)
    told = " ".join(f"{name}={value}" for name, value in vars(cut).items() if value)
    _save(network, encoder, source, target, f"prune {told}{_said(recovery)}", tokenizer, dev)


def factorise_folder(
    source: Path,
    target: Path,
    traces: Sequence[Trace],
    recovery: Recovery | None = None,
    *,
    rank: int | None = None,
    energy: float | None = None,
    embedding: bool = False,
    teachers: Sequence[Path] = (),
    on_step: Watch = lambda progress: None,
) -> dict[str, int]:
    """Factorise the layers of the engine in `source` into `target`; returns the rank of each that got smaller.

    Args:
        traces: what the layers read of them weighs the error; retraining learns from them, `teachers` helping.
        rank, energy, embedding: see `factorise.factorise_model`.
    """
    network, encoder = load_network(source), load_encoder(source)
    learn, dev = split(traces, _DEV_SHARE)
    done = factorise_model(
        network,
        rank=rank,
        energy=energy,
        choose=lambda path, _: path.startswith("encoder."),
        embedding=embedding,
        moments=input_moments(network, _some(encoder, learn or traces), lambda batch: _run(network, batch)),
    )
    if recovery:
        retrain(network, encoder, learn, recovery, teachers=teachers, folder=target, on_step=on_step)
    told = f"rank={rank}" if rank else f"energy={energy}"
    _save(network, encoder, source, target, f"factorise {told}{' embedding' * embedding}{_said(recovery)}", None, dev)
    return done


def retrain_folder(
    source: Path,
    target: Path,
    traces: Sequence[Trace],
    recovery: Recovery,
    *,
    teachers: Sequence[Path] = (),
    dev: Sequence[Trace] = (),
    on_step: Watch = lambda progress: None,
) -> None:
    """Train the engine in `source` on, in the shapes that it has, into `target`; `dev` is for the calibration."""
    network, encoder = load_network(source), load_encoder(source)
    learn, dev = (traces, dev) if dev else split(traces, _DEV_SHARE)
    retrain(network, encoder, learn, recovery, teachers=teachers, folder=target, on_step=on_step)
    _save(network, encoder, source, target, f"retrain{_said(recovery)}", None, dev)


def _cut_layers(network: Network, encoder: Encoder, traces: Sequence[Trace], cut: Cut) -> None:
    if cut.layers:
        change = layers_by_change(network, _some(encoder, traces), lambda batch: _run(network, batch))
        prune.prune_layers(network, change, cut.layers)


def _cut_units(network: Network, encoder: Encoder, traces: Sequence[Trace], cut: Cut) -> None:
    if not cut.heads and not cut.neurons:
        return
    if cut.by == "gradient":
        objective = Objective(match=0.0)
        heads, neurons = by_gradient(
            network, _some(encoder, traces), lambda batch: objective.loss(network, batch, encoder.vocabulary)
        )
    else:
        heads, neurons = heads_by_magnitude(network), neurons_by_magnitude(network)
    prune.prune_heads(network, prune.choose_units(heads, cut.heads))
    prune.prune_neurons(network, prune.choose_units(neurons, cut.neurons))


def _some(encoder: Encoder, traces: Sequence[Trace]) -> list[Batch]:
    labels = len(encoder.vocabulary.labels)
    every = batches(encoder.encode(traces), labels, 32, seed=0)
    return [batch for _, batch in zip(range(_BATCHES_FOR_IMPORTANCE), every, strict=False)]


def _run(network: Network, batch: Batch) -> object:
    return network(batch.ids, batch.mask, batch.types)


def _trim(network: Network, source: Path, target: Path, traces: Sequence[Trace], spare: int) -> Path:
    """Trim tokenizer and table to the texts that the engine reads of `traces`; returns the new tokenizer's file."""
    feeder, tokenizer = Feeder(source), need(source, TOKENIZER).read_text(encoding="utf-8")
    texts = {text for trace in traces for text in feeder.texts(trace.context)}
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
    """Write the folder, its temperature fitted anew: a cut changes how sure a network is."""
    description = read_description(source).after(step, metrics={})
    found = calibrate(network, encoder.encode(dev), len(encoder.vocabulary.labels))
    if found:
        description = replace(description, calibration={**description.calibration, "temperature": found.temperature})
    save_network(network, description, tokenizer or need(source, TOKENIZER), target)
    tidy(target)


def _said(recovery: Recovery | None) -> str:
    if recovery is None:
        return ""
    way = "".join([f" lora={recovery.lora}" * bool(recovery.lora), " aware" * recovery.aware])
    return f" retrained epochs={recovery.schedule.epochs} rate={recovery.schedule.rate}{way}"
