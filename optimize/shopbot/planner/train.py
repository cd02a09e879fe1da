"""Fine-tune the planner's encoder on generated conversations and, where present, the public data sets.

    python -m shopbot.optimize.shopbot.planner.train --out build/planner --layers 4

On a machine that others use too, set OMP_WAIT_POLICY=PASSIVE: threads that spin while waiting cost half the speed.
A killed run goes on from its last checkpoint. Prints loss and speed as it goes. Does not export: see export.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from shopbot.optimize.config import Schedule
from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.corpus import examples
from shopbot.optimize.shopbot.conversations.external import bitext, clinc
from shopbot.optimize.shopbot.planner.data import IGNORED, Encoded, batches, collate, encode, load_tokenizer
from shopbot.optimize.shopbot.planner.network import PlannerModel
from shopbot.optimize.training import Progress, computes_in_bfloat16, fit

TOKENIZER = Path("engines/embedding/weights/tokenizer.json")


def training_examples(count: int, seed: int) -> list[Example]:
    """Generated conversations plus the training parts of the public data sets."""
    # Every second Bitext line: its intents have hundreds of near-identical ones.
    return [*examples("train", count, seed), *list(bitext("Training", seed))[::2], *clinc("train", seed, 9)]


def train(wanted: argparse.Namespace) -> PlannerModel:
    """Train to the end, from the last checkpoint if there is one."""
    torch.manual_seed(wanted.seed)
    random.seed(wanted.seed)
    torch.set_num_threads(wanted.threads)
    data = encode(training_examples(wanted.count, wanted.seed), load_tokenizer(TOKENIZER))
    model = PlannerModel(wanted.layers)
    if wanted.start:
        model.load_state_dict(torch.load(wanted.start, weights_only=True)["model"])
    print(f"{len(data)} examples", flush=True)
    fit(
        model,
        lambda batch: _loss(model, batch),
        lambda epoch: batches(data, wanted.batch, wanted.seed * 1000 + epoch),
        -(-len(data) // wanted.batch),
        Schedule(epochs=wanted.epochs, rate=wanted.rate, seed=wanted.seed),
        folder=wanted.out,
        on_step=SpeedLog(wanted.batch),
    )
    torch.save({"model": model.state_dict(), "layers": wanted.layers}, wanted.out / "planner.pt")
    return model


class SpeedLog:
    """Prints loss and speed every 50 steps."""

    def __init__(self, batch: int) -> None:
        self._batch, self._steps, self._begun = batch, 0, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        self._steps += 1
        if progress.step % 50 == 0:
            speed = self._steps * self._batch / (time.monotonic() - self._begun)
            print(
                f"step {progress.step} of {progress.total} loss {progress.loss:.4f} {speed:.0f} examples/s", flush=True
            )


def _loss(model: PlannerModel, batch: list[Encoded]) -> Tensor:
    ids, mask, types, tags, acts = collate(batch)
    with torch.autocast("cpu", torch.bfloat16, enabled=computes_in_bfloat16("cpu")):
        act_logits, tag_logits = model(ids, mask, types)
    act_loss = nn.functional.binary_cross_entropy_with_logits(act_logits.float(), acts, reduction="sum") / len(batch)
    if not (tags != IGNORED).any():
        return act_loss
    tag_loss = nn.functional.cross_entropy(tag_logits.float().flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
    return act_loss + 4.0 * tag_loss


def main() -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/planner"))
    parser.add_argument("--start", type=Path, help="a trained planner.pt to go on from, say after adding phrases")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--count", type=int, default=30_000, help="generated examples")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
