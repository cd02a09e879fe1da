"""Trim the token table to what a domain needs. A tokenizer file and the texts of the domain in, a smaller one out.

The token table is often the largest matrix of a small encoder (30,522 x 384 in MiniLM). Text of the domain is cut into
the very same pieces as before; any other text still is cut, into smaller ones: WordPiece falls back to pieces and
single characters, byte-level BPE to bytes. `tokenizer.json` is that of the `tokenizers` library.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice, pairwise
from typing import Any

import torch
from torch import Tensor, nn

from shopbot.optimize.compression.anatomy import config_of, embedding_of, replace_module


def used_tokens(tokenizer_json: str, texts: Iterable[str]) -> Counter[str]:
    """How often each token occurs in `texts`, special ones included."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(tokenizer.encode(text).tokens)
    return counts


def common_tokens(tokenizer_json: str, count: int, beside: Iterable[str] = ()) -> list[str]:
    """The `count` most common tokens that are not among `beside`: words that a domain may yet meet.

    WordPiece and BPE vocabularies list what is common first, so a small id stands for a common token.
    """
    vocabulary: dict[str, int] = json.loads(tokenizer_json)["model"]["vocab"]
    known = set(beside)
    fresh = (token for token in sorted(vocabulary, key=lambda token: vocabulary[token]) if token not in known)
    return list(islice((token for token in fresh if not token.startswith("[unused")), count))


def trim_tokenizer(tokenizer_json: str, used: Iterable[str]) -> tuple[str, list[int]]:
    """The same tokenizer with fewer tokens.

    Args:
        tokenizer_json: the file's text; WordPiece and BPE models are known.
        used: the tokens to keep, by `used_tokens`; what is needed so that no text is lost is kept besides.

    Returns:
        The new file's text, and the old ids of the tokens kept, in the order of their new ids.

    Raises:
        ValueError: the tokenizer's model is of another kind.
    """
    definition = json.loads(tokenizer_json)
    model = definition["model"]
    old: dict[str, int] = model["vocab"] if isinstance(model.get("vocab"), dict) else {}
    added = {token["content"]: int(token["id"]) for token in definition.get("added_tokens", [])}
    if model.get("type") == "WordPiece":
        safe = _wordpiece_safe(model)
    elif model.get("type") == "BPE":
        safe = _bpe_safe(model, set(used))
    else:
        raise ValueError(f"a tokenizer of type {model.get('type')} cannot be trimmed; WordPiece and BPE can")
    wanted = set(used) | safe | set(added) | {model.get("unk_token")}
    every = {**old, **added}
    kept = sorted((index, token) for token, index in every.items() if token in wanted)
    new = {token: position for position, (_, token) in enumerate(kept)}
    model["vocab"] = {token: position for token, position in new.items() if token in old}
    if model.get("type") == "BPE":
        model["merges"] = [merge for merge in model["merges"] if {*_pair(merge), "".join(_pair(merge))} <= set(new)]
    for token in definition.get("added_tokens", []):
        token["id"] = new[token["content"]]
    _renumber(definition.get("post_processor"), new)
    if definition.get("padding"):
        definition["padding"]["pad_id"] = new[definition["padding"]["pad_token"]]
    return json.dumps(definition, ensure_ascii=False), [index for index, _ in kept]


def trim_table(model: nn.Module, kept: list[int]) -> None:
    """Keep these rows of the model's token table, in place, and of an output layer that shares or mirrors it.

    Args:
        kept: old ids in the order of the new ones, as `trim_tokenizer` gives them.
    """
    path, table = embedding_of(model)
    rows = torch.tensor(kept)
    old_size, weight = table.num_embeddings, table.weight
    padding = kept.index(table.padding_idx) if table.padding_idx in kept else None
    small = nn.Embedding(len(kept), table.embedding_dim, padding_idx=padding)
    small.weight = nn.Parameter(_rows(weight, rows))
    replace_module(model, path, small)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and module.out_features == old_size:
            head = nn.Linear(module.in_features, len(kept), bias=module.bias is not None)
            head.weight = small.weight if module.weight is weight else nn.Parameter(_rows(module.weight, rows))
            if module.bias is not None:
                head.bias = nn.Parameter(_rows(module.bias, rows))
            replace_module(model, name, head)
    configuration: Any = config_of(model)
    if configuration is not None and hasattr(configuration, "vocab_size"):
        configuration.vocab_size = len(kept)
        for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
            old_id = getattr(configuration, name, None)
            if isinstance(old_id, int):
                setattr(configuration, name, kept.index(old_id) if old_id in kept else None)


def _wordpiece_safe(model: dict[str, Any]) -> set[str]:
    """Single characters, at the start of a word and inside it, to spell unseen words with.

    A piece stays, too, if one of its characters has no piece of its own: nothing else could spell it.
    """
    prefix, vocabulary = model.get("continuing_subword_prefix", "##"), model["vocab"]

    def spelt(token: str) -> bool:
        inside = token.startswith(prefix) and token != prefix
        bare = token.removeprefix(prefix) if inside else token
        return all((prefix + letter if inside or place else letter) in vocabulary for place, letter in enumerate(bare))

    return {token for token in vocabulary if len(token.removeprefix(prefix)) == 1 or not spelt(token)}


def _bpe_safe(model: dict[str, Any], used: set[str]) -> set[str]:
    """Single characters (bytes), and what the used tokens are merged from, or they would never come about.

    A token arises within a text by the merges that make it alone, since none of them crosses its borders.
    """
    rank = {_pair(merge): number for number, merge in enumerate(model["merges"])}
    needed = {token for token in model["vocab"] if len(token) == 1 or token.startswith("<0x")}
    for token in used & set(model["vocab"]):
        parts = list(token)
        while len(parts) > 1:
            pairs = [(rank[pair], place) for place, pair in enumerate(pairwise(parts)) if pair in rank]
            if not pairs:
                break
            _, place = min(pairs)
            parts[place : place + 2] = ["".join(parts[place : place + 2])]
            needed.add(parts[place])
    return needed


def _pair(merge: Any) -> tuple[str, str]:
    # Older files write "a b", newer ones ["a", "b"].
    left, right = merge.split(" ", 1) if isinstance(merge, str) else merge
    return str(left), str(right)


def _renumber(processor: Any, new: dict[str, int]) -> None:
    """Ids of special tokens stand in the post-processor too: BERT's pairs, templates with lists of ids, sequences."""
    if not isinstance(processor, dict):
        return
    for name in ("sep", "cls"):
        if isinstance(processor.get(name), list):
            processor[name][1] = new[processor[name][0]]
    for special in (processor.get("special_tokens") or {}).values():
        special["ids"] = [new[token] for token in special["tokens"]]
    for inner in processor.get("processors", []):
        _renumber(inner, new)


def _rows(weight: Tensor, rows: Tensor) -> Tensor:
    return weight.detach()[rows.to(weight.device)].clone()
