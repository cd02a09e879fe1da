"""ONNX graphs as they are run: what goes into one, and a session of so many threads. Needs onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

Feed = Mapping[str, NDArray[Any]]
"""One batch for a graph: its inputs by name."""


def open_graph(file: Path, threads: int = 1) -> Any:
    """An onnxruntime session on the CPU with this many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def inputs_of(file: Path) -> list[str]:
    """The names of a graph's inputs."""
    return [each.name for each in open_graph(file).get_inputs()]
