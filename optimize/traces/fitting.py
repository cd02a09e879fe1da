"""Train networks on recorded decisions, their teachers' answers and their teachers' insides. Needs torch.

`fit_networks` is the one loop that `training` (new engines) and `retrain` (engines that a technique has cut) share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from shopbot.engines.learned.encoding import Encoder
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.compression.fake_quantise import remove_fake_quantisation, with_fake_quantisation
from shopbot.optimize.compression.lora import add_adapters, merge_adapters
from shopbot.optimize.config import FitConfig, RetrainConfig
from shopbot.optimize.traces.batches import Batch, batches
from shopbot.optimize.traces.imitation import FeatureLoss, feature_loss
from shopbot.optimize.traces.network import Network, freeze_words
from shopbot.optimize.traces.objective import loss_among_peers, loss_of_outputs
from shopbot.optimize.traces.teachers import label_descriptions, soft_labels
from shopbot.optimize.training import Progress, fit

_HEADS = ("actions", "spans", "values", "seeks", "offers")


def device() -> str:
    """Where training runs: on a GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fit_networks(
    networks: Sequence[Network],
    traces: Sequence[Trace],
    encoder: Encoder,
    config: FitConfig,
    *,
    teachers: Sequence[Path] = (),
    folder: Path | None = None,
    after_step: Callable[[int, int], None] = lambda step, total: None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Train `networks` side by side, in place, on decisions and on what `teachers` say of them.

    Args:
        networks: one, or peers that learn from each other as well; all of the encoder's vocabulary.
        folder: where the checkpoint of an interrupted run is kept, and what the teachers said.
        after_step: given step and total: where pruning masks are applied.
    """
    encoded, labels = encoder.encode(traces), len(encoder.vocabulary.labels)
    soft = soft_labels(teachers, traces, encoder, device(), folder)
    descriptions = label_descriptions(traces, encoder, device()) if config.objective.match else None
    features = _feature_losses(networks, encoder, config, teachers)

    def loss_of(batch: Batch) -> Tensor:
        batch = batch.to(device())
        outputs = [each(batch.ids, batch.mask, batch.types, inside=bool(features)) for each in networks]
        losses = [
            loss_of_outputs(config.objective, output, network, batch, encoder.vocabulary, descriptions)
            for output, network in zip(outputs, networks, strict=True)
        ]
        losses += [feature(output, batch) for feature, output in zip(features, outputs, strict=False)]
        return torch.stack(losses).sum() + loss_among_peers(outputs, batch, config.objective.temperature)

    for network in networks if config.freeze_words else ():
        freeze_words(network)
    fit(
        nn.ModuleList([*networks, *features]).to(device()),
        loss_of,
        lambda epoch: batches(encoded, labels, config.batch, config.schedule.seed * 1000 + epoch, soft),
        -(-len(encoded) // config.batch),
        config.schedule,
        folder=folder,
        on_step=on_step,
        after_step=after_step,
    )
    for network in networks:
        network.eval()


def retrain(
    network: Network,
    encoder: Encoder,
    traces: Sequence[Trace],
    config: RetrainConfig,
    *,
    teachers: Sequence[Path] = (),
    folder: Path | None = None,
    after_step: Callable[[int, int], None] = lambda step, total: None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Train `network` again, in place; the shapes stay. The arguments are those of `fit_networks`."""
    torch.set_num_threads(config.threads)
    if config.lora:
        add_adapters(network, config.lora, also=_HEADS)
    if config.quantisation_aware:
        with_fake_quantisation(network)
    fit_networks(
        [network], traces, encoder, config, teachers=teachers, folder=folder, after_step=after_step, on_step=on_step
    )
    if config.quantisation_aware:
        remove_fake_quantisation(network)
    if config.lora:
        merge_adapters(network)
    network.cpu()


def _feature_losses(
    networks: Sequence[Network], encoder: Encoder, config: FitConfig, teachers: Sequence[Path]
) -> list[FeatureLoss]:
    if not config.imitate:
        return []
    if not teachers:
        raise ValueError("there is no teacher whose features could be imitated: name one")
    return [feature_loss(teachers[0], network, encoder.tokenizer, config.imitate) for network in networks]
