"""ONNX graphs as they are run: one way to open them for every engine. onnxruntime is imported when one is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

Feed = Mapping[str, NDArray[Any]]
"""One batch for a graph: its inputs by name."""


def open_graph(file: Path, threads: int = 1) -> Any:
    """An onnxruntime session on the CPU in which one run may use so many threads; only errors are logged."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
