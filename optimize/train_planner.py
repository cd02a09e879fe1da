"""Fine-tune the planner's encoder on generated conversations and, where present, the public data sets.

    python -m optimize.train_planner --out build/planner --layers 4

On a machine that others use too, set OMP_WAIT_POLICY=PASSIVE: threads that spin while waiting cost half the speed.
A killed run goes on from its last checkpoint. Prints loss and speed as it goes. Does not export: see export_planner.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from optimize.conversations.compose import Example
from optimize.conversations.corpus import examples
from optimize.conversations.external import bitext, clinc
from optimize.planner_data import IGNORED, Encoded, batches, collate, encode, load_tokenizer
from optimize.planner_model import PlannerModel

TOKENIZER = Path("engines/embedding/weights/tokenizer.json")
_CHECKPOINT_EVERY = 200
_WARM_UP = 0.06


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
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=wanted.rate, weight_decay=0.01)
    total = -(-len(data) // wanted.batch) * wanted.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share_of_rate(step, total))
    done = _resume(wanted.out, model, optimizer, schedule)
    print(f"{len(data)} examples, {total} steps, starting at {done}", flush=True)
    _run(wanted, model, optimizer, schedule, data, done)
    torch.save({"model": model.state_dict(), "layers": wanted.layers}, wanted.out / "planner.pt")
    return model


def _share_of_rate(step: int, total: int) -> float:
    warm = max(int(total * _WARM_UP), 1)
    return step / warm if step < warm else max((total - step) / (total - warm), 0.01)


def _run(
    wanted: argparse.Namespace,
    model: PlannerModel,
    optimizer: torch.optim.Optimizer,
    schedule: Any,
    data: list[Encoded],
    done: int,
) -> None:
    model.train()
    begun, mean = time.monotonic(), 0.0
    for step, batch in enumerate(_all_batches(data, wanted)):
        if step < done:
            continue
        loss = _step(model, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean = 0.98 * mean + 0.02 * loss.item() if mean else loss.item()
        if step % 50 == 0:
            speed = (step - done + 1) * wanted.batch / (time.monotonic() - begun)
            print(f"step {step} loss {mean:.4f} {speed:.0f} examples/s", flush=True)
        if step % _CHECKPOINT_EVERY == _CHECKPOINT_EVERY - 1:
            _save(wanted.out, model, optimizer, schedule, step + 1)


def _all_batches(data: list[Encoded], wanted: argparse.Namespace) -> Iterator[list[Encoded]]:
    for epoch in range(wanted.epochs):
        yield from batches(data, wanted.batch, wanted.seed * 1000 + epoch)


def _step(model: PlannerModel, batch: list[Encoded]) -> Tensor:
    ids, mask, types, tags, acts = collate(batch)
    with torch.autocast("cpu", torch.bfloat16):
        act_logits, tag_logits = model(ids, mask, types)
    act_loss = nn.functional.binary_cross_entropy_with_logits(act_logits.float(), acts, reduction="sum") / len(batch)
    if not (tags != IGNORED).any():
        return act_loss
    tag_loss = nn.functional.cross_entropy(tag_logits.float().flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
    return act_loss + 4.0 * tag_loss


def _save(folder: Path, model: PlannerModel, optimizer: torch.optim.Optimizer, schedule: Any, step: int) -> None:
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "step": step,
        "random": torch.get_rng_state(),
    }
    torch.save(state, folder / "checkpoint.new")
    (folder / "checkpoint.new").replace(folder / "checkpoint.pt")


def _resume(folder: Path, model: PlannerModel, optimizer: torch.optim.Optimizer, schedule: Any) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "checkpoint.pt").exists():
        return 0
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["random"])
    return int(state["step"])


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
