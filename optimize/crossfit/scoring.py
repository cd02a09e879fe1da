"""Soft labels by cross-fitting: every decision is scored by networks that never saw its conversation. Needs torch."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.config import CrossFitConfig, Schedule
from shopbot.optimize.crossfit.conversations import UNLABELLED, Conversation, Pages, collate, conversations_of
from shopbot.optimize.crossfit.network import EventNetwork
from shopbot.optimize.encoder import mean_of_tokens, new_encoder, tokenizer_file
from shopbot.optimize.traces.reading import actions_of
from shopbot.optimize.training import Progress, batch_order, fit

_BATCH = 32
_TOKENS = 96

Vectors = Mapping[str, Tensor]


def cross_fit_scores(
    traces: Sequence[Trace], config: CrossFitConfig, on_step: Callable[[Progress], None] = lambda progress: None
) -> list[Trace]:
    """The traces with the probability of each action beside them, as networks see it that never saw the conversation.

    Raises:
        ValueError: there are fewer conversations than folds.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    labels = actions_of(traces)
    templates = TfidfIndex.collect((trace.reply, trace.choice or "") for trace in traces if trace.reply)
    conversations = conversations_of(traces, templates, labels)
    if len(conversations) < config.folds:
        raise ValueError(
            f"{len(conversations)} conversations cannot be parted in {config.folds} folds: record more, or take fewer."
        )
    vectors = embeddings_of({text for each in conversations for text in each.texts}, config.base)
    total, shape = config.repeats * config.folds, (len(traces), len(labels))
    data = zlib.crc32("".join(f"{trace.conversation} {trace.choice}\n" for trace in traces).encode())
    shares = np.zeros(shape)
    for number in range(total):
        repeat, fold = divmod(number, config.folds)
        seed = 100 * (config.seed + repeat) + fold + 1

        def report(progress: Progress, number: int = number) -> None:
            on_step(Progress(number * progress.total + progress.step, total * progress.total, progress.loss))

        shares += _cached(
            config.folder / f"{data:08x}-{config.folds}-{config.epochs}-{seed}.npy" if config.folder else None,
            lambda fold=fold, seed=seed, report=report: _fold_scores(  # type: ignore[misc]
                conversations, vectors, shape, (fold, config.folds), config.epochs, seed, report
            ),
        )
    return [
        replace(trace, scores={label: round(float(share), 5) for label, share in zip(labels, row, strict=True)})
        for trace, row in zip(traces, shares / config.repeats, strict=True)
    ]


def accuracy(traces: Sequence[Trace]) -> float:
    """Share of the decisions whose highest score is the choice."""
    best = [max(trace.scores, key=lambda name: (trace.scores or {})[name]) for trace in traces if trace.scores]
    chosen = [trace.choice or "" for trace in traces if trace.scores]
    return float(np.mean([one == other for one, other in zip(best, chosen, strict=True)]))


def embeddings_of(texts: set[str], base: str) -> dict[str, Tensor]:
    """Unit vectors of all texts by the untrained encoder: the mean of its token vectors."""
    encoder = new_encoder(base).eval()
    tokenizer = Tokenizer.from_file(str(tokenizer_file(base)))
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.enable_padding()
    vectors: dict[str, Tensor] = {}
    ordered = sorted(texts, key=lambda text: (len(text), text))
    with torch.no_grad():
        for start in range(0, len(ordered), 64):
            part = ordered[start : start + 64]
            read = tokenizer.encode_batch(part)
            mask = torch.tensor([each.attention_mask for each in read])
            states = encoder(input_ids=torch.tensor([each.ids for each in read]), attention_mask=mask)[0]
            vectors |= zip(part, nn.functional.normalize(mean_of_tokens(states, mask), dim=1), strict=True)
    return vectors


def _fold_scores(
    conversations: Sequence[Conversation],
    vectors: Vectors,
    shape: tuple[int, ...],
    part: tuple[int, int],
    epochs: int,
    seed: int,
    on_step: Callable[[Progress], None],
) -> NDArray[np.float64]:
    """Probabilities of one fold's decisions, zero for the others, by a network trained on the other folds."""
    fold, folds = part
    others = [each for index, each in enumerate(conversations) if index % folds != fold]
    network = _trained(others, vectors, shape[1], epochs, seed, on_step)
    shares = np.zeros(shape)
    mine = conversations[fold::folds]
    with torch.no_grad():
        for start in range(0, len(mine), 2 * _BATCH):
            pages = collate(mine[start : start + 2 * _BATCH], vectors)
            asked = pages.rows >= 0
            shares[pages.rows[asked].numpy()] += network(pages)[asked].softmax(-1).numpy()
    return shares


def _trained(
    conversations: Sequence[Conversation],
    vectors: Vectors,
    labels: int,
    epochs: int,
    seed: int,
    on_step: Callable[[Progress], None],
) -> EventNetwork:
    torch.manual_seed(seed)
    network = EventNetwork(labels, len(next(iter(vectors.values()))))
    lengths = [len(each.texts) for each in conversations]

    def loss_of(pages: Pages) -> Tensor:
        return nn.functional.cross_entropy(
            network(pages).flatten(0, 1), pages.labels.flatten(), ignore_index=UNLABELLED, label_smoothing=0.1
        )

    fit(
        network,
        loss_of,
        lambda epoch: (
            collate([conversations[i] for i in group], vectors) for group in batch_order(lengths, _BATCH, epoch)
        ),
        -(-len(conversations) // _BATCH),
        Schedule(epochs=epochs, rate=2e-3, warm_up=0.1, weight_decay=0.02, seed=seed),
        on_step=on_step,
    )
    network.eval()
    return network


def _cached(file: Path | None, make: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
    """What `make` gives, or what it gave in an earlier run that was killed later on."""
    if file is None:
        return make()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new.npy")
        np.save(fresh, make())
        fresh.replace(file)
    stored: NDArray[np.float64] = np.load(file)
    return stored
