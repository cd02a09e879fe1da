"""Distillation: who teaches, in what form the teaching arrives, and what student starts from it.

Offline: the teacher's logits are computed once and kept in a file. Online: peers teach each other (`peer_loss`).
Self: a student of the teacher's own shape, generation after generation (`shopbot.optimize.traces.training`).
The losses stand in `losses`, the loop in `training`, students of other sizes in `students`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Batch = TypeVar("Batch")
Model = TypeVar("Model")
_BATCHES_A_PART = 64


def freeze(teacher: nn.Module) -> nn.Module:
    """The teacher, in evaluation mode and out of reach of any optimiser."""
    teacher.eval()
    for parameter in teacher.parameters():
        parameter.requires_grad_(False)
    return teacher


def average_teachers(
    logits: Sequence[Tensor], temperature: float = 1.0, how: Literal["probabilities", "logits"] = "probabilities"
) -> Tensor:
    """One teacher out of several: logits whose softmax at `temperature` is their mean.

    Args:
        logits: one tensor a teacher, all (rows, classes).
        how: arithmetic mean of the probabilities, or the mean of the logits (their geometric mean).

    Returns:
        Logits, (rows, classes).
    """
    if not logits:
        raise ValueError("no teacher was given; pass the logits of at least one")
    stacked = torch.stack([each.detach() for each in logits])
    if how == "logits":
        return stacked.mean(0)
    soft = torch.log_softmax(stacked / temperature, dim=-1)
    return temperature * (torch.logsumexp(soft, dim=0) - float(np.log(len(logits))))


def cached_logits(
    file: Path,
    batches: Sequence[Batch],
    logits_of: Callable[[Batch], Tensor],
    on_batch: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """The teacher's logits for all `batches`, computed once; an interrupted run goes on where it was.

    Args:
        file: an .npz; parts of an unfinished run lie beside it.
        logits_of: what the frozen teacher says of a batch, (rows, classes), the same classes everywhere.
        on_batch: told how many batches are done, for a bar.

    Returns:
        (all rows, classes), in the order of the batches.
    """
    if file.exists():
        with np.load(file) as stored:
            return np.asarray(stored["logits"], dtype=np.float32)
    parts_folder = file.with_suffix(".parts")
    parts_folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(batches), _BATCHES_A_PART):
        part = parts_folder / f"{start:08d}.npz"
        if not part.exists():
            with torch.no_grad():
                rows = [logits_of(batch).float().cpu().numpy() for batch in batches[start : start + _BATCHES_A_PART]]
            _write(part, np.concatenate(rows))
        with np.load(part) as stored:
            parts.append(stored["logits"])
        on_batch(min(start + _BATCHES_A_PART, len(batches)), len(batches))
    logits = np.concatenate(parts).astype(np.float32)
    _write(file, logits)
    for part in parts_folder.iterdir():
        part.unlink()
    parts_folder.rmdir()
    return logits


def _write(file: Path, logits: NDArray[np.float32]) -> None:
    fresh = file.with_name(f"new-{file.name}")
    np.savez(fresh, logits=logits)
    fresh.replace(file)
