"""llama.cpp's real server on a port of its own, with a model's own chat template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(model: Path, context: int = 8192) -> Iterator[str]:
    """The base URL of the server while the block runs."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx, parameters.n_parallel = context, 1
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.use_jinja, parameters.ui, parameters.verbosity = True, False, -1
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server
