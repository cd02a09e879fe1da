"""Int8 encoder against float32: mean cosine at least .99, nDCG@10 lost at most .01, on the public code set.

    python -m benchmarks.retrieval_int8 [--float32 encoder.onnx]

Without a float32 file it exports one, which needs the `optimize` extra. Ends with exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.external_sets import CodeQuestion, code_chunks, code_questions
from benchmarks.retrieval_quality import ranked_well
from shopbot.engines.embedding import Encoder
from shopbot.tools.retrieval.vectors import windows

LEAST_COSINE, MOST_LOST = 0.99, 0.01
Vectors = NDArray[np.float32]


def main() -> int:
    """Print both encoders' figures; 0 when the bars are reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--float32", type=Path, help="ONNX file of the encoder in float32")
    given = parser.parse_args().float32
    with tempfile.TemporaryDirectory() as folder:
        file = given or _exported(Path(folder) / "encoder.onnx")
        return compare(Encoder(), Encoder(file=file))


def compare(small: Encoder, full: Encoder) -> int:
    """Print cosine and nDCG@10 of both; 0 when the bars are reached."""
    questions, chunks = code_questions(), code_chunks()
    texts = [window for chunk in chunks for window in windows(chunk)[:1]]
    asked = [question.ask for question in questions]
    made = [(encoder.encode(asked), encoder.encode(texts)) for encoder in (small, full)]
    cosine = np.concatenate([(one * other).sum(axis=1) for one, other in zip(*made, strict=True)])
    keys = [chunk.key for chunk in chunks]
    ndcg = [_ndcg(vectors, passages, keys, questions) for vectors, passages in made]
    reached = cosine.mean() >= LEAST_COSINE and ndcg[1] - ndcg[0] <= MOST_LOST
    print(f"cosine over {len(cosine)} texts: mean {cosine.mean():.4f}, lowest {cosine.min():.4f} (bar {LEAST_COSINE})")
    print(f"nDCG@10 dense: int8 {ndcg[0]:.4f}, float32 {ndcg[1]:.4f}, lost {ndcg[1] - ndcg[0]:+.4f} (bar {MOST_LOST})")
    return 0 if reached else 1


def _ndcg(vectors: Vectors, passages: Vectors, keys: Sequence[str], questions: Sequence[CodeQuestion]) -> float:
    rows = {question.ask: vector for question, vector in zip(questions, vectors, strict=True)}

    def ranking(ask: str, k: int) -> list[str]:
        return [keys[row] for row in np.argsort(-(passages @ rows[ask]), kind="stable")[:k]]

    return ranked_well(ranking, questions)["nDCG@10"]


def _exported(target: Path) -> Path:
    from shopbot.optimize.encoder import encoder_folder
    from shopbot.optimize.shipping.export_encoder import export

    export(encoder_folder(), target)
    return target


if __name__ == "__main__":
    sys.exit(main())
