"""One training loop for everything that learns here: resumable after kill -9, the same run for the same seed.

It knows nothing of models or data: a loss of a batch goes in, trained modules come out. What it does not do: several
devices, gradient accumulation, early stopping.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from shopbot.optimize.config import Schedule

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Progress:
    """What a caller hears after each step."""

    step: int
    total: int
    loss: float
    """Moving average."""


def fit(
    model: nn.Module,
    loss_of: Callable[[Batch], Tensor],
    batches_of: Callable[[int], Iterable[Batch]],
    steps_an_epoch: int,
    schedule: Schedule,
    *,
    folder: Path | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
    after_step: Callable[[int, int], None] = lambda step, total: None,
) -> nn.Module:
    """Train whatever in `model` requires a gradient; go on from `folder/checkpoint.pt` if a run was interrupted.

    Args:
        loss_of: one number for a batch.
        batches_of: the batches of an epoch, the same every time it is asked for the same epoch.
        steps_an_epoch: how many those are.
        folder: where the checkpoint is kept; nowhere without it.
        on_step: told about progress, for a bar.
        after_step: changes weights after an optimiser step, given step and total: where pruning masks are applied.

    Returns:
        The same module, in training mode.
    """
    torch.manual_seed(schedule.seed)
    random.seed(schedule.seed)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=schedule.rate, weight_decay=schedule.weight_decay, fused=True)
    total = steps_an_epoch * schedule.epochs
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule.share_of_rate(step, total))
    checkpoint = _Checkpoint(folder, model, optimizer, rate)
    step, mean = checkpoint.restore()
    device = next(model.parameters()).device.type
    half = schedule.half and computes_in_bfloat16(device)
    model.train()
    for epoch in range(step // max(steps_an_epoch, 1), schedule.epochs):
        for position, batch in enumerate(batches_of(epoch), start=epoch * steps_an_epoch):
            if position < step:
                continue
            with torch.autocast(device, torch.bfloat16, enabled=half):
                loss = loss_of(batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, schedule.clip)
            optimizer.step()
            rate.step()
            step = position + 1
            after_step(step, total)
            mean = 0.98 * mean + 0.02 * loss.item() if mean else loss.item()
            on_step(Progress(step, total, mean))
            if step % schedule.checkpoint_every == 0 or step == total:
                checkpoint.save(step, mean)
    return model


def computes_in_bfloat16(device: str) -> bool:
    """Whether "cpu" or "cuda" has instructions for bfloat16; without them it is several times slower than float32."""
    if device == "cpu":
        known = torch.cpu.get_capabilities()
        return any(known.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def batch_order(lengths: Sequence[int], size: int, seed: int) -> list[list[int]]:
    """Indexes of rows in shuffled batches of similar `lengths`, the same for the same seed."""
    rng = random.Random(seed)
    shuffled = list(range(len(lengths)))
    rng.shuffle(shuffled)
    groups: list[list[int]] = []
    for start in range(0, len(shuffled), size * 40):
        chunk = sorted(shuffled[start : start + size * 40], key=lengths.__getitem__)
        groups += [chunk[at : at + size] for at in range(0, len(chunk), size)]
    rng.shuffle(groups)
    return groups


class _Checkpoint:
    """Writes and reads the checkpoint; a file is whole or absent, since it is renamed into place."""

    def __init__(self, folder: Path | None, model: nn.Module, optimizer: Any, rate: Any) -> None:
        self._file = folder / "checkpoint.pt" if folder else None
        self._parts = {"model": model, "optimizer": optimizer, "rate": rate}

    def save(self, step: int, mean: float) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts.items()}
        fresh = self._file.with_suffix(".new")
        torch.save({**state, "step": step, "mean": mean, "random": torch.get_rng_state()}, fresh)
        fresh.replace(self._file)

    def restore(self) -> tuple[int, float]:
        if self._file is None or not self._file.exists():
            return 0, 0.0
        state = torch.load(self._file, weights_only=True, map_location="cpu")
        try:
            for name, part in self._parts.items():
                part.load_state_dict(state[name])
        except (RuntimeError, ValueError, KeyError):
            raise ValueError(
                f"{self._file} is the checkpoint of a run of another shape: delete it, or train into another folder"
            ) from None
        torch.set_rng_state(state["random"])
        return int(state["step"]), float(state["mean"])
