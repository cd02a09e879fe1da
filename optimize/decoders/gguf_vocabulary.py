"""The tokenizer part of a GGUF file: tokens, merges and special tokens, as llama.cpp reads them.

Byte-level BPE (GPT-2's scheme, model "gpt2"): each of the 256 bytes is a token, so that any text can be tokenised.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gguf import GGUFWriter

NORMAL, CONTROL = 1, 3
"""Kinds of tokens, numbered as in llama.cpp's `llama_token_type`."""


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level BPE vocabulary; `merges` are pairs "left right" in order of rank.

    `end` ends a text, `stop` a message of a chat (`<|im_end|>`), `begin` stands before a text if it is given.

    `split` names the regular expression that cuts text into words before merging, one that llama.cpp knows
    ("gpt-2", "llama-bpe", "qwen2", "smollm"): it must be the one that the tokenizer was trained with.
    """

    tokens: Sequence[str]
    merges: Sequence[str]
    special: frozenset[str]
    end: str
    stop: str | None = None
    begin: str | None = None
    split: str = "gpt-2"

    def add_to(self, writer: GGUFWriter) -> None:
        """Write the tokenizer's keys.

        Raises:
            ValueError: `begin`, `end` or `stop` is no token.
        """
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.split)
        writer.add_token_list(list(self.tokens))
        writer.add_token_types([CONTROL if token in self.special else NORMAL for token in self.tokens])
        writer.add_token_merges(list(self.merges))
        writer.add_eos_token_id(self.number(self.end))
        if self.stop is not None:
            writer.add_eot_token_id(self.number(self.stop))
        if self.begin is not None:
            writer.add_bos_token_id(self.number(self.begin))
        writer.add_add_bos_token(self.begin is not None)

    def number(self, token: str) -> int:
        """The id of a token.

        Raises:
            ValueError: there is no such token.
        """
        try:
            return list(self.tokens).index(token)
        except ValueError:
            raise ValueError(f"{token!r} is no token of this vocabulary: name one of its special tokens") from None


def read_tokenizer(
    file: Path, *, end: str, stop: str | None = None, begin: str | None = None, split: str = "gpt-2"
) -> Vocabulary:
    """The vocabulary of a `tokenizer.json` of the `tokenizers` package.

    Raises:
        ValueError: it is no byte-level BPE.
    """
    content = json.loads(file.read_text(encoding="utf-8"))
    model: dict[str, Any] = content.get("model") or {}
    if model.get("type") != "BPE" or "ByteLevel" not in json.dumps(content.get("pre_tokenizer")):
        raise ValueError(f"{file} holds no byte-level BPE tokenizer: train one with tokenizers' ByteLevel and BPE")
    added = {one["content"]: one["id"] for one in content.get("added_tokens", ())}
    numbered = {**model["vocab"], **added}
    tokens = sorted(numbered, key=lambda token: int(numbered[token]))
    if [numbered[token] for token in tokens] != list(range(len(tokens))):
        raise ValueError(f"{file} leaves numbers out between 0 and {len(tokens)}: a GGUF file numbers every token")
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    special = frozenset(one["content"] for one in content.get("added_tokens", ()) if one["special"])
    return Vocabulary(tokens, merges, special, end=end, stop=stop, begin=begin, split=split)
