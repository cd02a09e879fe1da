"""A cross-encoder reads question and passage together and ranks again what search found (Nogueira and Cho, 2019).

It takes as many times longer than the encoder as it reads passages, so it reads few. No weights ship: name
a folder with `model.onnx` and `tokenizer.json`, for example an export of ms-marco-MiniLM-L6-v2.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shopbot.engines.onnx import open_session
from shopbot.engines.probabilities import sigmoid
from shopbot.errors import first_line
from shopbot.tools.retrieval.chunks import Chunk
from shopbot.tools.retrieval.errors import RetrievalError

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MAX_TOKENS = 512


class RerankerError(RetrievalError):
    """The cross-encoder cannot be loaded."""


class CrossEncoder:
    """Scores pairs of question and passage; safe to share between threads, and nothing is loaded before the first.

    The model takes `input_ids` and, where it has them, `attention_mask` and `token_type_ids`, int64 of shape
    (1, tokens), and returns one logit a pair, or two of which the second speaks for the passage.

    Args:
        folder: holds `model.onnx` and `tokenizer.json`.
        threads: cores a pair may use.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        self._folder = folder
        self._threads = threads
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def rank_again(self, question: str, keys: Sequence[str], chunks: Mapping[str, Chunk]) -> list[tuple[str, float]]:
        """`keys` in the order of the model, each with the probability, from 0 to 1, that its passage answers.

        Raises:
            RerankerError: the model cannot be loaded or is no cross-encoder.
        """
        scored = [(key, self.score(question, chunks[key])) for key in keys if key in chunks]
        return sorted(scored, key=lambda each: -each[1])

    def score(self, question: str, chunk: Chunk) -> float:
        """Probability that `chunk`, read under its headings, answers `question`.

        Raises:
            RerankerError: as `rank_again`.
        """
        session, tokenizer = self._load()
        read = tokenizer.encode(question, f"{chunk.heading}\n{chunk.text}")
        columns = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        taken = {each.name for each in session.get_inputs()}
        inputs = {name: np.array([ids], dtype=np.int64) for name, ids in columns.items() if name in taken}
        try:
            logits = np.asarray(session.run(None, inputs)[0], dtype=np.float64).reshape(-1)
        except Exception as error:  # onnxruntime's own exceptions share no base
            raise self._unusable(error) from None
        if len(logits) not in (1, 2):
            raise RerankerError(f"{self._folder} has no cross-encoder: it returns {len(logits)} numbers for a pair.")
        return float(sigmoid(logits[-1] - (logits[0] if len(logits) == 2 else 0.0)))

    def _load(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                from tokenizers import Tokenizer

                try:
                    session = open_session(self._folder / MODEL_FILE, self._threads)
                    tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER_FILE))
                except Exception as error:  # as above
                    raise self._unusable(error) from None
                tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
                tokenizer.no_padding()
                self._loaded = session, tokenizer
            return self._loaded

    def _unusable(self, error: Exception) -> RerankerError:
        return RerankerError(
            f"The cross-encoder in {self._folder} cannot be used ({first_line(error)}): it needs a folder with "
            f"{MODEL_FILE} and {TOKENIZER_FILE}."
        )
