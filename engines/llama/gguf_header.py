"""The header of a GGUF file: what it says about itself, read without loading it.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Little-endian files of versions 2 and 3.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

MAGIC = b"GGUF"
_CONTROL = 3
_ENDS = frozenset({"<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "</s>"})
"""Texts of the tokens that end an answer, in files that do not name them."""
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
"""Type of a value in the header -> how `struct` reads it."""


@dataclass(frozen=True)
class Header:
    """The metadata of a file, and how many parameters its tensors hold."""

    metadata: Mapping[str, Any]
    parameters: int

    @property
    def architecture(self) -> str:
        """The family of models: llama, qwen2, …"""
        return str(self.metadata.get("general.architecture", "unknown"))

    @property
    def context(self) -> int | None:
        """Tokens that the model was trained to look back on."""
        found = self.metadata.get(f"{self.architecture}.context_length")
        return int(found) if found else None

    @property
    def chat_template(self) -> str | None:
        """The file's own chat template, Jinja source."""
        found = self.metadata.get("tokenizer.chat_template")
        return str(found) if found else None

    def special(self, kind: str) -> str:
        """The text of the "bos" or "eos" token, empty when the model has none."""
        token = self.metadata.get(f"tokenizer.ggml.{kind}_token_id")
        tokens = self.metadata.get("tokenizer.ggml.tokens") or []
        return str(tokens[token]) if token is not None and token < len(tokens) else ""

    @cached_property
    def control(self) -> Mapping[int, str]:
        """The control tokens, number -> text: taken from nobody's words, and no part of an answer."""
        tokens = self.metadata.get("tokenizer.ggml.tokens") or []
        kinds = self.metadata.get("tokenizer.ggml.token_type") or []
        return {
            number: text
            for number, (text, kind) in enumerate(zip(tokens, kinds, strict=False))
            if kind == _CONTROL and text
        }

    @cached_property
    def ends(self) -> frozenset[int]:
        """The control tokens that end an answer."""
        named = {self.metadata.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("eos", "eot", "eom")}
        return frozenset(number for number, text in self.control.items() if number in named or text in _ENDS)


def read_header(file: Path) -> Header:
    """The header of `file`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no GGUF file, or ends within its header.
    """
    with file.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise ValueError("it does not begin with the letters GGUF")
        with mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
            try:
                return _Reader(content).header()
            except (struct.error, IndexError, KeyError, UnicodeDecodeError):
                raise ValueError("it ends within its header") from None


class _Reader:
    """Reads forward through a file."""

    def __init__(self, content: mmap) -> None:
        self._content = content
        self._at = len(MAGIC)

    def header(self) -> Header:
        self._number("<I")  # the version
        tensors, pairs = self._number("<Q"), self._number("<Q")
        metadata = {self._text(): self._value(self._number("<I")) for _ in range(pairs)}
        return Header(metadata, sum(self._parameters() for _ in range(tensors)))

    def _number(self, form: str) -> Any:
        (found,) = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return found

    def _text(self) -> str:
        length = self._number("<Q")
        found = self._content[self._at : self._at + length]
        self._at += length
        if len(found) < length:
            raise IndexError(length)
        return found.decode("utf-8", "replace")

    def _value(self, kind: int) -> Any:
        if kind == _ARRAY:
            return self._array()
        return self._text() if kind == _STRING else self._number(_NUMBERS[kind])

    def _array(self) -> list[Any]:
        kind, length = self._number("<I"), self._number("<Q")
        if kind not in _NUMBERS:
            read: Callable[[], Any] = self._text if kind == _STRING else self._array
            return [read() for _ in range(length)]
        form = f"<{length}{_NUMBERS[kind][1]}"
        found = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return list(found)

    def _parameters(self) -> int:
        """The parameters of one tensor, whose description is passed over."""
        self._text()
        sizes = [self._number("<Q") for _ in range(self._number("<I"))]
        self._number("<I")
        self._number("<Q")
        return prod(sizes)
