"""The encoder that is trained: a BERT whose token vectors are averaged and brought to length 1.

It reads and writes the folder that transformers reads (`config.json`, `model.safetensors`, `tokenizer.json`).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from shopbot.optimize.encoder import mean_of_tokens

MAX_TOKENS = 256


class TextEncoder(nn.Module):  # type: ignore[misc,unused-ignore]
    """Texts to unit vectors, the same for questions and passages.

    Args:
        source: folder with the weights and `tokenizer.json`.
        max_tokens: word pieces of a text that are read; fewer train faster.
    """

    def __init__(self, source: Path, max_tokens: int = MAX_TOKENS) -> None:
        from transformers import BertModel

        super().__init__()
        self.source = source
        self.bert: Any = BertModel.from_pretrained(source, add_pooling_layer=False)
        self._tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding()

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors, shape (n, d)."""
        read = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([each.ids for each in read])
        mask = torch.tensor([each.attention_mask for each in read])
        states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        return functional.normalize(mean_of_tokens(states, mask), dim=1)

    def save(self, folder: Path) -> None:
        """Write weights and tokenizer to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.bert.save_pretrained(folder)
        (folder / "tokenizer.json").write_bytes((self.source / "tokenizer.json").read_bytes())


def mixed(trained: TextEncoder, share: float) -> TextEncoder:
    """An encoder whose weights lie between the original's (0) and `trained`'s (1).

    Half way, an encoder keeps most of what it has learned and forgets little of what it knew (Wortsman et al., "Robust
    fine-tuning of zero-shot models", 2022).

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The share of the trained weights is {share}: give a number from 0 to 1.")
    made = copy.deepcopy(trained)
    original = TextEncoder(trained.source).bert.state_dict()
    state = trained.bert.state_dict()
    made.bert.load_state_dict({name: torch.lerp(original[name], state[name], share) for name in state})
    return made
