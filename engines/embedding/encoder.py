"""The embedding model: all-MiniLM-L6-v2 as int8 ONNX, on onnxruntime and tokenizers alone.

It turns text into unit vectors whose dot product is their cosine similarity. It does not store or search them
(`tools/retrieval`), and it downloads nothing: the weights lie beside this file.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopbot.engines.onnx import open_session
from shopbot.errors import AgentError, extra

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WEIGHTS = Path(__file__).parent / "weights"
ENCODER_FILE = "encoder.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"
DIMENSIONS = 384
MAX_TOKENS = 256
CHARACTER_LIMIT = 50 * MAX_TOKENS
"""A longer text is cut before it is split into word pieces, which would take time for nothing."""
PARALLEL_FROM = 8
"""So many texts at once are spread over the processor's cores."""


def cosines(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of each of the unit `vectors`, of shape (n, d), with one; shape (n,).

    Row by row in this thread: for one matrix-vector product BLAS wakes a thread a core, and on a busy machine they
    spin for many times as long as the sums take.
    """
    found: NDArray[np.float32] = np.vecdot(vectors, vector)
    return found


class EncoderError(AgentError):
    """The embedding model cannot be loaded."""


class Encoder:
    """Encodes text as unit vectors of 384 dimensions; safe to share between threads.

    Nothing is loaded before the first text, so constructing one is free. Text beyond 256 word pieces is not
    read, as the model was trained.

    Args:
        weights: folder with the ONNX file and `tokenizer.json`.
        file: another ONNX file with the same inputs, for example the float32 one.
        threads: cores one text may use; two cores make a long text 1.5 times faster.

    Raises:
        EncoderError: from `encode`, when a file of the model is missing.
    """

    def __init__(self, weights: Path = WEIGHTS, *, file: Path | None = None, threads: int = 1) -> None:
        self._model_file = file or weights / ENCODER_FILE
        self._tokenizer_file = weights / TOKENIZER_FILE
        self._threads = threads
        self._loading = threading.Lock()
        self._session: Any = None
        self._tokenizer: Tokenizer | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, in the order given, as an array of shape (n, 384).

        Texts run one by one: int8 activations share one scale a run, so in a batch a text's vector would
        depend on its neighbours (mean cosine .992 instead of .993), and on a CPU a batch is not faster, not even of
        texts of one length. Many texts are spread over the cores, since the runtime lets go of Python's lock.
        """
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        encoded: Iterable[NDArray[np.float32]] = map(self._encode, texts)
        if len(texts) >= PARALLEL_FROM:
            self._encode(texts[0])  # loads the model once, before the others need it
            encoded = _workers().map(self._encode, texts)
        for row, vector in enumerate(encoded):
            vectors[row] = vector
        return vectors

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model file: vectors made under another digest must not be compared with these."""
        self._require(self._model_file)
        return hashlib.sha256(self._model_file.read_bytes()).hexdigest()

    def count_tokens(self, text: str) -> int:
        """Word pieces in `text` without the two that frame it."""
        return len(self._load_tokenizer().encode(text, add_special_tokens=False).ids)

    def _encode(self, text: str) -> NDArray[np.float32]:
        read = self._load_tokenizer().encode(text[:CHARACTER_LIMIT]).ids
        ids = np.array([read if len(read) <= MAX_TOKENS else read[: MAX_TOKENS - 1] + read[-1:]], dtype=np.int64)
        session = self._load_session()
        # One text has nothing to mask, but a graph may want to be told so.
        inputs = {each.name: ids if each.name == "input_ids" else np.ones_like(ids) for each in session.get_inputs()}
        (states,) = session.run(None, inputs)
        mean = states[0].mean(axis=0)
        unit: NDArray[np.float32] = mean / np.linalg.norm(mean)
        return unit

    def _load_tokenizer(self) -> Tokenizer:
        with self._loading:
            if self._tokenizer is None:
                with extra("learned", "The embedding model"):
                    from tokenizers import Tokenizer

                self._require(self._tokenizer_file)
                tokenizer = Tokenizer.from_file(str(self._tokenizer_file))
                tokenizer.no_truncation()
                tokenizer.no_padding()
                self._tokenizer = tokenizer
            return self._tokenizer

    def _load_session(self) -> Any:
        with self._loading:
            if self._session is None:
                self._require(self._model_file)
                self._session = open_session(self._model_file, self._threads)
            return self._session

    @staticmethod
    def _require(file: Path) -> None:
        if not file.is_file():
            raise EncoderError(f"The embedding model file {file} is missing: restore it from the repository.")


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="encoder")
