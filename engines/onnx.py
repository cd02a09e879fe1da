"""Opening an ONNX graph on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shopbot.errors import extra


def open_session(file: Path, threads: int = 1) -> Any:
    """An onnxruntime session of the graph in `file`, whose runs may use so many cores.

    Raises:
        MissingExtra: onnxruntime is not installed.
        Exception: the file is no graph; onnxruntime's own exceptions share no base.
    """
    with extra("learned", f"The network {file.name}"):
        import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
