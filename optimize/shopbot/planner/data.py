"""Examples -> token ids and targets for the planner's network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.labels import ACTS, TAGS
from shopbot.optimize.training import batch_order

IGNORED = -100
MAX_TOKENS = 160


@dataclass(frozen=True)
class Encoded:
    """One example as token ids, segment ids, a tag for each token and the indexes of its acts."""

    ids: list[int]
    types: list[int]
    tags: list[int]
    acts: list[int]


def load_tokenizer(path: Path) -> Tokenizer:
    """The encoder's tokenizer, without padding and cut at `MAX_TOKENS`."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
    return tokenizer


def encode(examples: Iterable[Example], tokenizer: Tokenizer) -> list[Encoded]:
    """Tokenise examples and align their spans to tokens."""
    return [_encode(example, tokenizer) for example in examples]


def batches(encoded: list[Encoded], size: int, seed: int) -> Iterator[list[Encoded]]:
    """Shuffled batches of similar length, the same for the same seed."""
    for group in batch_order([len(example.ids) for example in encoded], size, seed):
        yield [encoded[index] for index in group]


def collate(batch: list[Encoded]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Padded ids, mask, segments, tag targets and act targets."""
    width = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    tags = torch.full_like(ids, IGNORED)
    acts = torch.zeros(len(batch), len(ACTS))
    for row, example in enumerate(batch):
        length = len(example.ids)
        ids[row, :length] = torch.tensor(example.ids)
        mask[row, :length] = 1
        types[row, :length] = torch.tensor(example.types)
        tags[row, :length] = torch.tensor(example.tags)
        acts[row, example.acts] = 1.0
    return ids, mask, types, tags, acts


def _encode(example: Example, tokenizer: Tokenizer) -> Encoded:
    encoding = tokenizer.encode(example.context, example.message)
    # CLINC marks no spans, so its tokens teach the span head nothing.
    marked = example.source != "clinc"
    tags = [
        _tag(offsets, example.spans) if segment == 1 and marked else IGNORED
        for offsets, segment in zip(encoding.offsets, encoding.sequence_ids, strict=True)
    ]
    return Encoded(encoding.ids, encoding.type_ids, tags, [ACTS.index(act) for act in example.acts])


def _tag(offsets: tuple[int, int], spans: tuple[tuple[int, int, str], ...]) -> int:
    for start, end, kind in spans:
        if offsets[0] < end and offsets[1] > start:
            return TAGS.index(f"{'B' if offsets[0] <= start else 'I'}-{kind}")
    return 0
