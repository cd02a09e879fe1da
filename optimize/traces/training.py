"""Train an engine on recorded decisions, from their labels or from teachers. Needs torch.

    train(traces, folder, Recipe())                        a teacher, from what was chosen
    train(traces, folder, Recipe(layers=3), teachers=[…])   a student, from what the teachers would have chosen as well

Runs on a GPU where there is one. A killed run goes on from its last checkpoint. Seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from optimize.compression.students import evenly_spaced, keep_layers
from optimize.trace_format import Trace
from optimize.traces.batches import Batch, batches
from optimize.traces.calibration import fit_temperature
from optimize.traces.encoding import UNKNOWN, Encoded, Encoder, Vocabulary
from optimize.traces.features import Layout
from optimize.traces.folder import KIND, Description, tidy
from optimize.traces.network import BASE, Network, new_encoder, tokenizer_file
from optimize.traces.objective import Objective
from optimize.traces.reading import split
from optimize.traces.replies import Replies
from optimize.traces.saving import load_encoder, load_network, save_network, settings_of
from optimize.traces.sayings import Sayings
from optimize.traces.teachers import label_descriptions, logits_of, taught
from optimize.traces.widening import widen
from optimize.training import Progress, Schedule, fit

_DEV_SHARE = 0.1


@dataclass(frozen=True)
class Recipe:
    """How an engine is trained.

    Attributes:
        base: what to start from: "minilm", "tiny" or a folder of Hugging Face transformers.
        layers: how many of its layers to keep; all when None.
        start: a learned engine's folder to start from instead: as many of its `layers`, its heads, and room for the
            actions, arguments and values that it does not know yet.
        peers: networks that learn side by side, each from the others as well (Zhang et al. 2018, deep mutual
            learning); the one that is right most often on the calibration's decisions is kept.
        batch: decisions a step.
        threads: cores to use.
        freeze_words: leave the word embeddings as they are: they are most of the weights and learn little.
        layout: how much of a context is read.
    """

    base: str = BASE
    layers: int | None = None
    start: Path | None = None
    peers: int = 1
    batch: int = 32
    threads: int = 2
    freeze_words: bool = True
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=5, rate=3e-4, half=True))
    objective: Objective = field(default_factory=Objective)
    layout: Layout = field(default_factory=Layout)


def train(
    traces: Sequence[Trace],
    to: Path,
    recipe: Recipe,
    *,
    teachers: Sequence[Path] = (),
    dev: Sequence[Trace] = (),
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Description:
    """Train and write the engine's folder.

    Args:
        traces: what to learn from.
        to: the folder; the checkpoint of an unfinished run lies there too.
        teachers: folders of trained engines; their predictions, averaged with the scores recorded with the
            decisions where there are any, are learned as well as the labels.
        dev: decisions for the calibration; without any, a tenth of the conversations is kept for it.
        on_step: told about progress.

    Returns:
        What `engine.json` says.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.schedule.seed)
    if not dev:
        traces, dev = split(traces, _DEV_SHARE, seed=recipe.schedule.seed)
    network, encoder, tokenizer = _start(traces, recipe)
    peers = nn.ModuleList([network, *(_start(traces, recipe)[0] for _ in range(recipe.peers - 1))])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    peers.to(device)
    encoded = encoder.encode(traces)
    labels = len(encoder.vocabulary.labels)
    soft = taught(teachers, traces, encoder, device, keep=to)
    descriptions = label_descriptions(traces, encoder, device)

    def loss_of(batch: Batch) -> Tensor:
        moved = batch.to(device)
        outputs = [peer(moved.ids, moved.mask, moved.types) for peer in peers]
        each = [
            recipe.objective.of(output, peer, moved, encoder.vocabulary, descriptions)
            for output, peer in zip(outputs, peers, strict=True)
        ]
        return torch.stack(each).sum() + recipe.objective.among_peers(outputs, moved)

    fit(
        peers,
        loss_of,
        lambda epoch: batches(encoded, labels, recipe.batch, recipe.schedule.seed * 1000 + epoch, soft),
        -(-len(encoded) // recipe.batch),
        recipe.schedule,
        folder=to,
        on_step=on_step,
    )
    peers.eval()
    judged = encoder.encode(dev)
    network = max(peers, key=lambda peer: _right(peer, judged, labels, device))
    temperature = _calibrate(network, judged, labels, device)
    description = Description(
        kind=KIND,
        labels=encoder.vocabulary.labels,
        arguments=encoder.vocabulary.arguments,
        settings=settings_of(encoder, Replies.collect(traces)) | {"described": descriptions is not None},
        calibration={"temperature": temperature},
        history=(f"train {_said(recipe)}" + "".join(f" teacher={each.name}" for each in teachers),),
    )
    save_network(network.cpu(), description, tokenizer, to)
    tidy(to)
    return description


def _start(traces: Sequence[Trace], recipe: Recipe) -> tuple[Network, Encoder, Path]:
    vocabulary = Vocabulary.of(traces)
    sayings = Sayings.collect((trace.reply, trace.choice or "") for trace in traces if trace.reply)
    if recipe.start:
        network = load_network(recipe.start)
        if recipe.layers:
            keep_layers(network.encoder, evenly_spaced(network.encoder.config.num_hidden_layers, recipe.layers))
        _freeze_words(network, recipe)
        known = load_encoder(recipe.start)
        both = known.sayings.and_those_of(sayings)
        encoder = Encoder(known.tokenizer, widen(network, known.vocabulary, vocabulary), both, known.layout)
        return network, encoder, recipe.start / "tokenizer.json"
    file = tokenizer_file(recipe.base)
    encoder = Encoder(Tokenizer.from_file(str(file)), vocabulary, sayings, recipe.layout)
    sizes = (len(vocabulary.labels), len(vocabulary.arguments), len(vocabulary.values))
    network = Network(new_encoder(recipe.base, recipe.layers), *sizes)
    _freeze_words(network, recipe)
    return network, encoder, file


def _freeze_words(network: Network, recipe: Recipe) -> None:
    for parameter in network.encoder.get_input_embeddings().parameters() if recipe.freeze_words else ():
        parameter.requires_grad_(False)


def _right(network: Network, judged: Sequence[Encoded], labels: int, device: str) -> float:
    """Share of the decisions that a network gets right."""
    best = logits_of(network, judged, labels, device).argmax(1).tolist() if judged else []
    return sum(bool(one == each.label) for one, each in zip(best, judged, strict=True)) / max(len(best), 1)


def _calibrate(network: Network, dev: Sequence[Encoded], labels: int, device: str) -> float:
    known = [each for each in dev if each.label != UNKNOWN]
    if not known:
        return 1.0
    logits = logits_of(network, known, labels, device).numpy()
    return fit_temperature(logits, [each.label for each in known])


def _said(recipe: Recipe) -> str:
    # The name alone: where it lay is no part of a model card.
    told = {
        "base": recipe.start.name if recipe.start else recipe.base,
        "layers": recipe.layers,
        **asdict(recipe.schedule),
    }
    return " ".join(f"{name}={value}" for name, value in told.items() if name in _TOLD and value is not None)


_TOLD = ("base", "layers", "epochs", "rate", "seed")
