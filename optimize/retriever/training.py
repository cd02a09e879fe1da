"""The run: batches of pairs, the ranking loss, a checkpoint every few steps.

The same pairs, settings and seed give the same encoder; a killed run goes on from its checkpoint.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from shopbot.optimize.config import Schedule
from shopbot.optimize.retriever.loss import ranking_loss
from shopbot.optimize.retriever.model import TextEncoder
from shopbot.optimize.retriever.pairs import Pair
from shopbot.optimize.training import Progress, fit

Batch = list[Pair]


@dataclass(frozen=True)
class Settings:
    """How to fine-tune. `rate` is the peak learning rate, `tokens` how much of a text is read while training."""

    epochs: int = 2
    batch: int = 32
    rate: float = 2e-5
    tokens: int = 128
    seed: int = 1
    threads: int = 1
    share: float = 0.5
    """How much of the trained weights goes into the result; the rest is the original's (see `model.mixed`)."""
    checkpoint_every: int = 10


def train(
    source: Path,
    pairs: Sequence[Pair],
    settings: Settings,
    folder: Path,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> TextEncoder:
    """Fine-tune the encoder in `source` on `pairs`, going on from `folder/checkpoint.pt` where there is one.

    Raises:
        ValueError: fewer than two pairs, so that there would be no wrong answers.
    """
    if len(pairs) < 2:
        raise ValueError(f"{len(pairs)} pairs are too few to learn from: two is the least, some hundreds are good.")
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    numbers = {key: number for number, key in enumerate(sorted({pair.key for pair in pairs}))}
    model = TextEncoder(source, settings.tokens)

    def loss_of(batch: Batch) -> torch.Tensor:
        keys = torch.tensor([numbers[pair.key] for pair in batch])
        return ranking_loss(model([pair.question for pair in batch]), model([pair.passage for pair in batch]), keys)

    fit(
        model,
        loss_of,
        lambda epoch: batches(pairs, settings.batch, settings.seed + epoch),
        len(list(batches(pairs, settings.batch, settings.seed))),
        Schedule(
            epochs=settings.epochs,
            rate=settings.rate,
            warm_up=0.1,
            seed=settings.seed,
            checkpoint_every=settings.checkpoint_every,
        ),
        folder=folder,
        on_step=on_step,
    )
    model.eval()
    return model


def batches(pairs: Sequence[Pair], size: int, seed: int) -> Iterator[Batch]:
    """All pairs once, shuffled; the last batch may be smaller, and a single pair left over joins the one before it."""
    order = list(pairs)
    random.Random(seed).shuffle(order)
    cuts = list(range(0, len(order), size))
    if len(cuts) > 1 and len(order) - cuts[-1] == 1:
        cuts.pop()
    for start, end in zip(cuts, [*cuts[1:], len(order)], strict=True):
        yield order[start:end]


def fingerprint(pairs: Sequence[Pair], settings: Settings) -> str:
    """Tells one run from another: a checkpoint of other pairs or settings must not be gone on from."""
    import hashlib
    import json

    said = json.dumps([asdict(settings), [asdict(pair) for pair in pairs]], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
