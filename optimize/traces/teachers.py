"""What networks say of recorded decisions: soft labels for a student, and their own calibration. Needs torch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from shopbot.engines.learned.calibration import fit_temperature
from shopbot.engines.learned.encoding import UNKNOWN, Encoded, Encoder, Vocabulary
from shopbot.engines.learned.features import describe
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.distillation.distil import average_teachers, cached_logits
from shopbot.optimize.traces.batches import Batch, collate, in_order
from shopbot.optimize.traces.network import Network
from shopbot.optimize.traces.objective import FORBIDDEN
from shopbot.optimize.traces.saving import load_encoder, load_network

_BATCH = 32


def logits_of(network: Network, encoded: Sequence[Encoded], labels: int, device: str = "cpu") -> Tensor:
    """The network's logits of all decisions, forbidden actions far below, shape (decisions, labels)."""
    with torch.no_grad():
        return torch.cat([_batch_logits(network, batch, device) for batch in in_order(encoded, labels, _BATCH)])


def _batch_logits(network: Network, batch: Batch, device: str) -> Tensor:
    moved = batch.to(device)
    outputs = network(moved.ids, moved.mask, moved.types)
    return outputs.actions.float().masked_fill(~moved.allowed, FORBIDDEN).cpu()


class Calibrated(NamedTuple):
    """How often a network is right on decisions held back, and the temperature that makes its confidence honest."""

    right: float
    temperature: float


def calibrate(network: Network, held: Sequence[Encoded], labels: int, device: str = "cpu") -> Calibrated | None:
    """Judge a network by the decisions whose action it knows; None if there are none."""
    known = [each for each in held if each.label != UNKNOWN]
    if not known:
        return None
    logits, truth = logits_of(network, known, labels, device), [each.label for each in known]
    right = (logits.argmax(1) == torch.tensor(truth)).float().mean()
    return Calibrated(float(right), fit_temperature(logits.numpy(), truth))


def soft_labels(
    teachers: Sequence[Path],
    traces: Sequence[Trace],
    encoder: Encoder,
    device: str = "cpu",
    folder: Path | None = None,
) -> Tensor | None:
    """What the teachers say and what was recorded with the decisions, averaged; None if there is neither.

    Args:
        folder: where each teacher's logits are kept, so that a killed run need not compute them again.

    Returns:
        Logits, (traces, the student's labels). An action that no teacher knows is forbidden, but where it was the
        choice: there the choice itself is what is taught.
    """
    logits = [_logits_of_teacher(each, traces, encoder.vocabulary, device, folder) for each in teachers]
    recorded = recorded_scores(traces, encoder)
    logits += [] if recorded is None else [recorded]
    return _with_choices(average_teachers(logits), traces, encoder.vocabulary) if logits else None


def _with_choices(logits: Tensor, traces: Sequence[Trace], vocabulary: Vocabulary) -> Tensor:
    number = {name: index for index, name in enumerate(vocabulary.labels)}
    for row, trace in enumerate(traces):
        chosen = number.get(trace.choice or "")
        if chosen is not None and logits[row, chosen] <= FORBIDDEN / 2:
            logits[row] = FORBIDDEN
            logits[row, chosen] = 0.0
    return logits


def _logits_of_teacher(
    teacher: Path, traces: Sequence[Trace], vocabulary: Vocabulary, device: str, folder: Path | None
) -> Tensor:
    """A teacher's logits for the student's labels."""
    network, encoder = load_network(teacher).to(device), load_encoder(teacher)
    known, encoded = encoder.vocabulary.labels, encoder.encode(traces)
    if folder is None:
        own = logits_of(network, encoded, len(known), device)
    else:
        inputs = repr([(each.ids, each.allowed) for each in encoded])
        file = folder / f"taught-{zlib.crc32(f'{teacher.resolve()} {inputs}'.encode()):08x}.npz"
        rows = list(in_order(encoded, len(known), _BATCH))
        own = torch.from_numpy(cached_logits(file, rows, lambda batch: _batch_logits(network, batch, device)))
    placed = torch.full((len(traces), len(vocabulary.labels)), FORBIDDEN)
    both = [(vocabulary.labels.index(name), known.index(name)) for name in known if name in vocabulary.labels]
    placed[:, [mine for mine, _ in both]] = own[:, [theirs for _, theirs in both]]
    return placed


def recorded_scores(traces: Sequence[Trace], encoder: Encoder) -> Tensor | None:
    """The soft labels that were recorded with the decisions, as logits; None unless each decision has them."""
    if not all(trace.scores for trace in traces):
        return None
    rows = [[(trace.scores or {}).get(label, 0.0) for label in encoder.vocabulary.labels] for trace in traces]
    return torch.tensor(rows).clamp_min(1e-6).log()


def label_descriptions(traces: Sequence[Trace], encoder: Encoder, device: str) -> Batch | None:
    """The descriptions of all labels in their order, to be matched with contexts; None if no action has one."""
    known = {action.name: action.description for trace in traces for action in trace.allowed}
    if not any(known.values()):
        return None
    texts = [describe(label, known.get(label, "")) for label in encoder.vocabulary.labels]
    read = [encoder.tokenizer.encode(text) for text in texts]
    return collate([Encoded(each.ids, each.type_ids) for each in read], len(texts)).to(device)
