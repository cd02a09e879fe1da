"""The network that judges: two causal layers over the events of a conversation. Needs torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from shopbot.optimize.crossfit.conversations import BUCKETS, SPEAKERS, Pages

WIDTH = 160
_PLACES = 64


class EventNetwork(nn.Module):  # type: ignore[misc, unused-ignore]
    """Logits of what comes after each event, (B, T, labels).

    An event is one vector: its speaker, its action, its place, the words in it, and its sentence embedding.

    Args:
        labels: how many actions there are.
        embedding: width of the sentence embeddings.
    """

    def __init__(self, labels: int, embedding: int) -> None:
        super().__init__()
        self.speaker, self.action = nn.Embedding(len(SPEAKERS), WIDTH), nn.Embedding(labels + 1, WIDTH)
        self.place, self.words = nn.Embedding(_PLACES, WIDTH), nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        nn.init.normal_(self.words.weight, std=0.05)
        self.vector, self.dropout, self.norm = nn.Linear(embedding, WIDTH), nn.Dropout(0.3), nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, 0.3, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Sequential(nn.LayerNorm(2 * WIDTH), nn.Dropout(0.3), nn.Linear(2 * WIDTH, labels))

    def forward(self, pages: Pages) -> Tensor:
        """Logits of a batch of conversations."""
        length = pages.speakers.shape[1]
        words = self.words(pages.words, pages.starts).view(*pages.speakers.shape, WIDTH)
        place = self.place(torch.arange(length).clamp(max=_PLACES - 1))
        known = self.speaker(pages.speakers) + self.action(pages.actions) + words + place
        # Unit vectors of hundreds of dimensions are small beside the others.
        events = self.dropout(self.norm(known + self.vector(self.dropout(pages.vectors * 8))))
        future = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        read = self.layers(events, mask=future, src_key_padding_mask=pages.padding)
        logits: Tensor = self.out(torch.cat([read, events], -1))
        return logits
