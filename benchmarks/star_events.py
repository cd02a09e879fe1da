"""A second teacher for STAR, of another kind and cheap: a causal transformer over whole dialogues, event by event.

    python -m benchmarks.star_events --to build/star_soft.jsonl.gz [--folds 4] [--epochs 16]
    shopbot optimize distil --traces build/star_soft.jsonl.gz --to build/student

Each event (a message, an action, an observation) is one vector: its speaker, its action, the words in it, and its
embedding by the frozen MiniLM; one pass over a dialogue decides all of its turns. The dialogues are parted in folds
and each fold is judged by a network that never saw it, so that the soft labels say how doubtful a decision is and
not what was memorised. They are written as the `scores` of the traces, beside the accuracy on the part that
`optimise_table` measures on. Needs the optimize extra; two and a half minutes of one core a fold.
"""

from __future__ import annotations

import argparse
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from apps.optimize.learning import write_traces
from benchmarks.optimise_table import TEST_SHARE, star_traces
from engines.embedding import Encoder
from optimize.trace_format import ACTION_MARK, Trace
from optimize.traces.batches import order
from optimize.traces.encoding import Encoded
from optimize.traces.features import flatten
from optimize.traces.reading import split
from optimize.traces.sayings import Sayings
from optimize.training import Schedule, fit

BUCKETS = 1 << 14
WIDTH = 160
_SPEAKERS = ("User", "Agent", "Observation")
_WORD = re.compile(r"[a-z']+|\d+|[?!]")
_UNLABELLED = -100


@dataclass(frozen=True)
class Dialogue:
    """Events of one dialogue: speaker, action and text of each, the label due after each, and the trace it is of."""

    speakers: list[int]
    actions: list[int]
    texts: list[str]
    labels: list[int]
    rows: list[int]


@dataclass(frozen=True)
class Pages:
    """A batch of B dialogues of at most T events: (B, T), but `words`, flat, and where each event's begin."""

    speakers: Tensor
    actions: Tensor
    vectors: Tensor
    words: Tensor
    starts: Tensor
    padding: Tensor
    labels: Tensor
    rows: Tensor


class Events(nn.Module):  # type: ignore[misc, unused-ignore]
    """Two causal layers over events; (B, T, labels) logits."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.speaker, self.action = nn.Embedding(len(_SPEAKERS), WIDTH), nn.Embedding(labels + 1, WIDTH)
        self.place, self.words = nn.Embedding(64, WIDTH), nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        nn.init.normal_(self.words.weight, std=0.05)
        self.vector, self.dropout, self.norm = nn.Linear(384, WIDTH), nn.Dropout(0.3), nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, 0.3, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Sequential(nn.LayerNorm(2 * WIDTH), nn.Dropout(0.3), nn.Linear(2 * WIDTH, labels))

    def forward(self, pages: Pages) -> Tensor:
        """Logits of what comes after each event."""
        length = pages.speakers.shape[1]
        words = self.words(pages.words, pages.starts).view(*pages.speakers.shape, WIDTH)
        place = self.place(torch.arange(length).clamp(max=63))
        known = self.speaker(pages.speakers) + self.action(pages.actions) + words + place
        # Unit vectors of 384 dimensions are small beside the others.
        events = self.dropout(self.norm(known + self.vector(self.dropout(pages.vectors * 8))))
        future = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        read = self.layers(events, mask=future, src_key_padding_mask=pages.padding)
        logits: Tensor = self.out(torch.cat([read, events], -1))
        return logits


def dialogues_of(traces: Sequence[Trace], sayings: Sayings, labels: Sequence[str]) -> list[Dialogue]:
    """The dialogues that the traces are decisions of."""
    number = {name: index for index, name in enumerate(labels)}
    decisions: dict[str, list[int]] = {}
    for row, trace in enumerate(traces):
        decisions.setdefault(trace.conversation, []).append(row)
    found = []
    for rows in decisions.values():
        context = max((traces[row].context for row in rows), key=len)
        due, asked = [_UNLABELLED] * len(context), [-1] * len(context)
        for row in rows:
            at = len(traces[row].context) - 1
            due[at], asked[at] = number.get(traces[row].choice or "", _UNLABELLED), row
        names = [_action(speaker, text, sayings) for speaker, text in context]
        found.append(
            Dialogue(
                [_SPEAKERS.index(speaker) for speaker, _ in context],
                [number.get(name, len(labels)) for name in names],
                [flatten(text)[:300] for _, text in context],
                due,
                asked,
            )
        )
    return found


def _action(speaker: str, text: str, sayings: Sayings) -> str:
    if speaker != "Agent":
        return ""
    if text.startswith(ACTION_MARK):
        return text.removeprefix(ACTION_MARK).strip().partition(" ")[0]
    nearest = sayings.nearest(text)
    return nearest[0] if nearest else ""


def collate(dialogues: Sequence[Dialogue], vectors: dict[str, Tensor]) -> Pages:
    """One batch, padded to its longest dialogue."""
    shape = (len(dialogues), max(len(each.texts) for each in dialogues))
    speakers, actions = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    labels, rows = torch.full(shape, _UNLABELLED), torch.full(shape, -1)
    embedded, padding = torch.zeros(*shape, 384), torch.ones(shape, dtype=torch.bool)
    words: list[int] = []
    starts = []
    for at, each in enumerate(dialogues):
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
    words = _WORD.findall(text.lower())[:60]
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    return [zlib.crc32(each.encode()) % BUCKETS for each in [*words, *pairs]]


def train(dialogues: Sequence[Dialogue], vectors: dict[str, Tensor], labels: int, epochs: int, seed: int) -> Events:
    """A network trained on whole dialogues."""
    torch.manual_seed(seed)
    network = Events(labels)
    sizes = [Encoded(each.labels, []) for each in dialogues]

    def loss_of(pages: Pages) -> Tensor:
        return nn.functional.cross_entropy(
            network(pages).flatten(0, 1), pages.labels.flatten(), ignore_index=_UNLABELLED, label_smoothing=0.1
        )

    fit(
        network,
        loss_of,
        lambda epoch: (collate([dialogues[i] for i in group], vectors) for group in order(sizes, 32, epoch)),
        -(-len(dialogues) // 32),
        Schedule(epochs=epochs, rate=2e-3, warm_up=0.1, weight_decay=0.02, seed=seed),
    )
    return network.eval()


def judge(network: Events, dialogues: Sequence[Dialogue], vectors: dict[str, Tensor], shares: np.ndarray) -> None:
    """Add the network's probabilities for each decision to `shares`, (traces, labels)."""
    with torch.no_grad():
        for start in range(0, len(dialogues), 64):
            pages = collate(dialogues[start : start + 64], vectors)
            asked = pages.rows >= 0
            shares[pages.rows[asked].numpy()] += network(pages)[asked].softmax(-1).numpy()


def main() -> None:
    """Judge every decision to learn from by a network that never saw its dialogue; write the traces with scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path("build/star_soft.jsonl.gz"))
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3, help="networks a fold; their judgements are averaged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--rows", type=int, default=0, help="decisions to learn from; 0 takes all")
    parser.add_argument("--threads", type=int, default=2)
    wanted = parser.parse_args()
    torch.set_num_threads(wanted.threads)
    learn, test = split(star_traces(), TEST_SHARE)
    learn, test = (learn[: wanted.rows], test[: wanted.rows // 4]) if wanted.rows else (learn, test)
    labels = sorted({trace.choice or "" for trace in learn})
    sayings = Sayings.collect((trace.reply, trace.choice or "") for trace in learn if trace.reply)
    known, new = dialogues_of(learn, sayings, labels), dialogues_of(test, sayings, labels)
    texts = sorted({text for each in (*known, *new) for text in each.texts})
    vectors = dict(zip(texts, torch.from_numpy(Encoder(threads=wanted.threads).encode(texts)), strict=True))
    shares, judged = np.zeros((len(learn), len(labels))), np.zeros((len(test), len(labels)))
    for seed in range(wanted.seed, wanted.seed + wanted.repeats):
        for fold in range(wanted.folds):
            others = [each for index, each in enumerate(known) if index % wanted.folds != fold]
            network = train(others, vectors, len(labels), wanted.epochs, 100 * seed + fold + 1)
            judge(network, known[fold :: wanted.folds], vectors, shares)
            judge(network, new, vectors, judged)
            print(f"seed {seed} fold {fold}: {_accuracy(judged, test, labels):.2f} % of unseen right", flush=True)
    scored = [
        replace(trace, scores={label: round(float(share), 5) for label, share in zip(labels, row, strict=True)})
        for trace, row in zip(learn, shares / wanted.repeats, strict=True)
    ]
    print(f"out of fold {_accuracy(shares, learn, labels):.2f} %")
    write_traces(scored, wanted.to)


def _accuracy(shares: np.ndarray, traces: Sequence[Trace], labels: Sequence[str]) -> float:
    best = shares.argmax(1)
    return 100 * float(np.mean([labels[at] == trace.choice for at, trace in zip(best, traces, strict=True)]))


if __name__ == "__main__":
    main()
