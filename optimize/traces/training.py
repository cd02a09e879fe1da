"""Train an engine on recorded decisions, from their labels or from teachers. Needs torch.

    train(traces, folder, TrainConfig())                        a teacher, from what was chosen
    train(traces, folder, TrainConfig(layers=3), teachers=[…])   a student, from what the teachers would choose as well

Runs on a GPU where there is one. A killed run goes on from its last checkpoint. Seeds are fixed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Tokenizer

from shopbot.engines.learned.encoding import Encoder, Vocabulary
from shopbot.engines.learned.folder import DESCRIPTION, KIND, TOKENIZER, Description, tidy
from shopbot.engines.learned.replies import Replies
from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.compression.students import evenly_spaced, keep_layers
from shopbot.optimize.config import TrainConfig
from shopbot.optimize.encoder import new_encoder, tokenizer_file
from shopbot.optimize.traces.fitting import device, fit_networks
from shopbot.optimize.traces.network import Network, expand_heads
from shopbot.optimize.traces.reading import split
from shopbot.optimize.traces.saving import load_encoder, load_network, save_network, settings_of
from shopbot.optimize.traces.teachers import Calibrated, calibrate
from shopbot.optimize.training import Progress

_DEV_SHARE = 0.1
_IN_HISTORY = ("base", "layers", "epochs", "rate", "seed")


def train(
    traces: Sequence[Trace],
    to: Path,
    config: TrainConfig,
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

    Raises:
        ValueError: features are to be imitated, and there is no teacher, or one that cuts text into other tokens.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.schedule.seed)
    if not dev:
        traces, dev = split(traces, _DEV_SHARE, seed=config.schedule.seed)
    networks, encoder, tokenizer = _start(traces, config)
    fit_networks(networks, traces, encoder, config, teachers=teachers, folder=to, on_step=on_step)
    held, labels = encoder.encode(dev), len(encoder.vocabulary.labels)
    found = [calibrate(network, held, labels, device()) or Calibrated(0.0, 1.0) for network in networks]
    best = max(range(len(networks)), key=lambda index: found[index].right)
    described = config.objective.match > 0 and any(each.description for trace in traces for each in trace.allowed)
    description = Description(
        kind=KIND,
        labels=encoder.vocabulary.labels,
        arguments=encoder.vocabulary.arguments,
        settings=settings_of(encoder, Replies.collect(traces)) | {"described": described},
        calibration={"temperature": found[best].temperature},
        history=(f"train {_in_words(config)}" + "".join(f" teacher={each.name}" for each in teachers),),
    )
    save_network(networks[best].cpu(), description, tokenizer, to)
    tidy(to)
    return description


def train_generations(
    traces: Sequence[Trace],
    to: Path,
    config: TrainConfig,
    generations: int,
    *,
    teachers: Sequence[Path] = (),
    dev: Sequence[Trace] = (),
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Description:
    """Self-distillation, born-again networks (Furlanello et al. 2018): the last of `generations` is written to `to`.

    The first learns from the labels and from `teachers`, every other from the one before it. A killed run goes on with
    the generation that it had begun.

    Returns:
        What the last one's `engine.json` says.
    """
    earlier = [to / f"generation-{number}" for number in range(1, generations)]
    for folder in earlier:
        if not (folder / DESCRIPTION).exists():
            train(traces, folder, config, teachers=teachers, dev=dev, on_step=on_step)
        teachers = [folder]
    last = train(traces, to, config, teachers=teachers, dev=dev, on_step=on_step)
    for folder in earlier:
        shutil.rmtree(folder)
    return last


def _start(traces: Sequence[Trace], config: TrainConfig) -> tuple[list[Network], Encoder, Path]:
    """As many networks as there are peers, how they read traces, and the file of their tokenizer."""
    vocabulary = Vocabulary.of(traces)
    templates = TfidfIndex.collect((trace.reply, trace.choice or "") for trace in traces if trace.reply)
    if config.start:
        known = load_encoder(config.start)
        networks = [_cut(load_network(config.start), config.layers) for _ in range(config.peers)]
        (both, *_) = [expand_heads(network, known.vocabulary, vocabulary) for network in networks]
        encoder = Encoder(known.tokenizer, both, known.templates.with_new_labels_of(templates), known.layout)
        return networks, encoder, config.start / TOKENIZER
    file = tokenizer_file(config.base)
    encoder = Encoder(Tokenizer.from_file(str(file)), vocabulary, templates, config.layout)
    sizes = (len(vocabulary.labels), len(vocabulary.arguments), len(vocabulary.values))
    return [Network(new_encoder(config.base, config.layers), *sizes) for _ in range(config.peers)], encoder, file


def _cut(network: Network, layers: int | None) -> Network:
    if layers:
        keep_layers(network.encoder, evenly_spaced(network.encoder.config.num_hidden_layers, layers))
    return network


def _in_words(config: TrainConfig) -> str:
    # The name alone: where it lay is no part of a model card.
    values = {
        "base": config.start.name if config.start else config.base,
        "layers": config.layers,
        **asdict(config.schedule),
    }
    return " ".join(f"{name}={values[name]}" for name in _IN_HISTORY if values[name] is not None)
