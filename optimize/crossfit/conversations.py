"""Traces -> whole conversations, event by event, and batches of them. Needs torch."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from shopbot.engines.learned.features import events_of, flatten
from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import Trace

SPEAKERS = ("User", "Agent", "Observation")
BUCKETS = 1 << 14
UNLABELLED = -100
_WORD = re.compile(r"[^\W\d_]+|\d+|[?!]")
_CHARACTERS, _WORDS = 300, 60


@dataclass(frozen=True)
class Conversation:
    """Events of one conversation: speaker, action and text of each, the label due after each, the trace it is of."""

    speakers: list[int]
    actions: list[int]
    texts: list[str]
    labels: list[int]
    rows: list[int]


@dataclass(frozen=True)
class Pages:
    """A batch of B conversations of at most T events: (B, T), `vectors` (B, T, width); `words` is flat, and `starts`
    says where each event's begin."""

    speakers: Tensor
    actions: Tensor
    vectors: Tensor
    words: Tensor
    starts: Tensor
    padding: Tensor
    labels: Tensor
    rows: Tensor


def conversations_of(traces: Sequence[Trace], templates: TfidfIndex, labels: Sequence[str]) -> list[Conversation]:
    """The conversations that the traces are decisions of; an action that is no label counts as the one after them."""
    number = {name: index for index, name in enumerate(labels)}
    decisions: dict[str, list[int]] = {}
    for row, trace in enumerate(traces):
        decisions.setdefault(trace.conversation, []).append(row)
    found = []
    for rows in decisions.values():
        context = max((traces[row].context for row in rows), key=len)
        due, asked = [UNLABELLED] * len(context), [-1] * len(context)
        for row in rows:
            at = len(traces[row].context) - 1
            due[at], asked[at] = number.get(traces[row].choice or "", UNLABELLED), row
        events = events_of(context, templates)
        found.append(
            Conversation(
                [SPEAKERS.index(event.speaker) for event in events],
                [number.get(event.action, len(labels)) for event in events],
                [flatten(text)[:_CHARACTERS] for _, text in context],
                due,
                asked,
            )
        )
    return found


def collate(conversations: Sequence[Conversation], vectors: Mapping[str, Tensor]) -> Pages:
    """One batch, padded to its longest conversation; `vectors` are the embeddings of all texts."""
    shape = (len(conversations), max(len(each.texts) for each in conversations))
    speakers, actions = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    labels, rows = torch.full(shape, UNLABELLED), torch.full(shape, -1)
    width = len(next(iter(vectors.values())))
    embedded, padding = torch.zeros(*shape, width), torch.ones(shape, dtype=torch.bool)
    words: list[int] = []
    starts = []
    for at, each in enumerate(conversations):
        length = len(each.texts)
        speakers[at, :length], actions[at, :length] = torch.tensor(each.speakers), torch.tensor(each.actions)
        labels[at, :length], rows[at, :length] = torch.tensor(each.labels), torch.tensor(each.rows)
        embedded[at, :length] = torch.stack([vectors[text] for text in each.texts])
        padding[at, :length] = False
        for place in range(shape[1]):
            starts.append(len(words))
            words += _buckets(each.texts[place]) if place < length else []
    return Pages(speakers, actions, embedded, torch.tensor(words), torch.tensor(starts), padding, labels, rows)


def _buckets(text: str) -> list[int]:
    """Words and pairs of words by the hashing trick (Weinberger et al. 2009)."""
    words = _WORD.findall(text.lower())[:_WORDS]
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    return [zlib.crc32(each.encode()) % BUCKETS for each in [*words, *pairs]]
