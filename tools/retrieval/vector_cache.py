"""Vectors that need not be made again: of texts that are known in advance, and of those that were encoded last.

A file beside the documents holds one int8 vector a text under the hash of encoder and text, so that a new data folder
need not encode the documents that ship: a text or a model that has changed is simply not found, and is encoded.
`python -m benchmarks.cache_vectors` writes it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.embedding import DIMENSIONS, Encoder

CACHE_FILE = "vectors.npz"
MOST_RECENT = 2_048
"""Texts whose vectors are remembered, 1.5 KB each."""


class CachedEncoder(Encoder):
    """An encoder that first looks in a file of vectors; any failure to read the file means encoding.

    Args:
        encoder: encodes what the file does not have.
        file: written by `write_vectors`; it need not exist.
    """

    def __init__(self, encoder: Encoder, file: Path) -> None:
        self._encoder = encoder
        self._file = file
        self._held: dict[str, NDArray[np.float32]] | None = None

    @property
    def digest(self) -> str:
        """The digest of the encoder behind the file."""
        return self._encoder.digest

    def count_tokens(self, text: str) -> int:
        """Word pieces in `text`, as the encoder counts them."""
        return self._encoder.count_tokens(text)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, from the file where it has one."""
        if self._held is None:
            self._held = _read(self._file)
        keys = [_key(self.digest, text) for text in texts]
        unknown = [row for row, key in enumerate(keys) if key not in self._held]
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, key in enumerate(keys):
            if key in self._held:
                vectors[row] = self._held[key]
        if unknown:
            vectors[unknown] = self._encoder.encode([texts[row] for row in unknown])
        return vectors


class RecentVectors:
    """An encoder's vectors of the texts that it encoded last; safe to share between threads.

    Sentences are quoted from again and again, and a question is compared with several things in one search.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._held: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, in the order given, as an array of shape (n, 384)."""
        with self._lock:
            found = {text: self._held[text] for text in texts if text in self._held}
        unknown = [text for text in dict.fromkeys(texts) if text not in found]
        found |= zip(unknown, self._encoder.encode(unknown), strict=True)
        with self._lock:
            for text in texts:
                self._held[text] = found[text]
                self._held.move_to_end(text)
            while len(self._held) > MOST_RECENT:
                self._held.popitem(last=False)
        return np.array([found[text] for text in texts], dtype=np.float32).reshape(len(texts), DIMENSIONS)


def write_vectors(file: Path, texts: Sequence[str], encoder: Encoder) -> None:
    """Write the vectors of `texts` to `file`; int8 with a scale each keeps a cosine of .9999."""
    vectors = encoder.encode(texts)
    scales = np.abs(vectors).max(axis=1) / 127
    np.savez_compressed(
        file,
        keys=np.array([_key(encoder.digest, text) for text in texts]),
        scales=scales.astype(np.float32),
        vectors=np.round(vectors / scales[:, None]).astype(np.int8),
    )


def _read(file: Path) -> dict[str, NDArray[np.float32]]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            rows = held["vectors"].astype(np.float32) * held["scales"][:, None]
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            return dict(zip(held["keys"].tolist(), rows, strict=True))
    except Exception:  # a copy that cannot be read is no copy
        return {}


def _key(digest: str, text: str) -> str:
    return hashlib.sha256(f"{digest}\n{text}".encode()).hexdigest()[:20]
