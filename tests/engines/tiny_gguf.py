"""A tiny model with random weights and a real tokenizer, as a real GGUF file: made in a second, decides nothing."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from shopbot import prompts
from shopbot.optimize.decoders.gguf_file import DecoderShape, Storage, write_gguf
from shopbot.optimize.decoders.gguf_vocabulary import Vocabulary, read_tokenizer

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_gguf(
    path: Path,
    *,
    seed: int = 0,
    context: int = 8192,
    layers: int = 2,
    chat_template: str | None = CHATML,
    storage: Storage = "F16",
) -> Path:
    """64 wide, 1,024 tokens: 0.3 MB."""
    vocabulary = tiny_vocabulary(path.parent)
    shape = DecoderShape(context=context, width=64, layers=layers, heads=4, kv_heads=2, feed_forward=128)
    chance = np.random.default_rng(seed)
    tensors = {
        name: np.ones(size, np.float32) if len(size) == 1 else chance.normal(0, 0.3, size).astype(np.float32)
        for name, size in shape.expected(len(vocabulary.tokens)).items()
    }
    write_gguf(path, shape, tensors, vocabulary, name="tiny", chat_template=chat_template, storage=storage)
    return path


def tiny_vocabulary(folder: Path) -> Vocabulary:
    """A byte-level BPE trained on the project's own prompts."""
    file = folder / "tokenizer.json"
    file.write_text(_trained(), encoding="utf-8")
    return read_tokenizer(file, end="<|endoftext|>", stop="<|im_end|>")


@lru_cache(maxsize=1)
def _trained() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1024, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    files = sorted(Path(prompts.__file__).parent.rglob("*.[jym]*"))
    tokenizer.train_from_iterator((file.read_text(encoding="utf-8") for file in files if file.is_file()), trainer)
    return str(tokenizer.to_str())
