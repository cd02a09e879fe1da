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

from shopbot.engines.learned.encoding import Encoder, Vocabulary
from shopbot.engines.learned.features import Layout
from shopbot.engines.learned.folder import KIND, TOKENIZER, Description, tidy
from shopbot.engines.learned.replies import Replies
from shopbot.engines.learned.sayings import Sayings
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.compression.students import evenly_spaced, keep_layers
from shopbot.optimize.traces.batches import Batch
from shopbot.optimize.traces.lesson import Lesson
from shopbot.optimize.traces.network import BASE, Network, freeze_words, new_encoder, tokenizer_file
from shopbot.optimize.traces.objective import Objective
from shopbot.optimize.traces.reading import split
from shopbot.optimize.traces.saving import load_encoder, load_network, save_network, settings_of
from shopbot.optimize.traces.teachers import Calibrated, calibrate
from shopbot.optimize.traces.widening import widen
from shopbot.optimize.training import Progress, Schedule

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
    networks, encoder, tokenizer = _start(traces, recipe)
    peers = nn.ModuleList(networks)
    lesson = Lesson.of(traces, encoder, teachers, keep=to)

    def loss_of(batch: Batch) -> Tensor:
        outputs = [peer(batch.ids, batch.mask, batch.types) for peer in peers]
        each = [
            recipe.objective.of(output, peer, batch, encoder.vocabulary, lesson.descriptions)
            for output, peer in zip(outputs, peers, strict=True)
        ]
        return torch.stack(each).sum() + recipe.objective.among_peers(outputs, batch)

    lesson.fit(peers, loss_of, recipe.batch, recipe.schedule, folder=to, on_step=on_step)
    peers.eval()
    held = encoder.encode(dev)
    found = [calibrate(peer, held, lesson.labels, lesson.device) or Calibrated(0.0, 1.0) for peer in networks]
    best = max(range(len(networks)), key=lambda index: found[index].right)
    description = Description(
        kind=KIND,
        labels=encoder.vocabulary.labels,
        arguments=encoder.vocabulary.arguments,
        settings=settings_of(encoder, Replies.collect(traces)) | {"described": lesson.descriptions is not None},
        calibration={"temperature": found[best].temperature},
        history=(f"train {_said(recipe)}" + "".join(f" teacher={each.name}" for each in teachers),),
    )
    save_network(networks[best].cpu(), description, tokenizer, to)
    tidy(to)
    return description


def _start(traces: Sequence[Trace], recipe: Recipe) -> tuple[list[Network], Encoder, Path]:
    """As many networks as there are peers, how they read traces, and the file of their tokenizer."""
    vocabulary = Vocabulary.of(traces)
    sayings = Sayings.collect((trace.reply, trace.choice or "") for trace in traces if trace.reply)
    if recipe.start:
        known = load_encoder(recipe.start)
        networks = [_begun(recipe.start, recipe.layers) for _ in range(recipe.peers)]
        (both, *_) = [widen(network, known.vocabulary, vocabulary) for network in networks]
        encoder = Encoder(known.tokenizer, both, known.sayings.and_those_of(sayings), known.layout)
        file = recipe.start / TOKENIZER
    else:
        file = tokenizer_file(recipe.base)
        encoder = Encoder(Tokenizer.from_file(str(file)), vocabulary, sayings, recipe.layout)
        sizes = (len(vocabulary.labels), len(vocabulary.arguments), len(vocabulary.values))
        networks = [Network(new_encoder(recipe.base, recipe.layers), *sizes) for _ in range(recipe.peers)]
    for network in networks if recipe.freeze_words else ():
        freeze_words(network)
    return networks, encoder, file


def _begun(folder: Path, layers: int | None) -> Network:
    """The network in `folder`, with so many of its layers."""
    network = load_network(folder)
    if layers:
        keep_layers(network.encoder, evenly_spaced(network.encoder.config.num_hidden_layers, layers))
    return network


def _said(recipe: Recipe) -> str:
    # The name alone: where it lay is no part of a model card.
    told = {
        "base": recipe.start.name if recipe.start else recipe.base,
        "layers": recipe.layers,
        **asdict(recipe.schedule),
    }
    return " ".join(f"{name}={value}" for name, value in told.items() if name in _TOLD and value is not None)


_TOLD = ("base", "layers", "epochs", "rate", "seed")
