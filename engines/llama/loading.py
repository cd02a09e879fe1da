"""From a GGUF file to llama.cpp's server inside this process, or one sentence that says why not.

The server decodes what it is handed directly; for the rest of its protocol it listens on a socket file that only this
user can open, with a key, and on no port.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopbot.engines.errors import EngineError
from shopbot.engines.llama.gguf_header import Header, read_header

LONGEST_CONTEXT = 8192
"""Tokens, where the file allows more: the cache of keys and values takes memory for each."""
BATCH = 256
"""Tokens of a prompt between two looks at the clock."""
_SMALL = 32 << 20
_KEPT_PROMPTS = 256
"""MiB for evaluated prompts of conversations that are not the newest."""


@dataclass(frozen=True)
class Loaded:
    """A model in memory: llama.cpp's server, the socket file (alone in a folder of its own) and the key it listens
    with, what the model's file says about itself, and the tokens that prompt and answer may have together."""

    server: Any
    socket: Path
    key: str
    header: Header
    context: int


def load(file: Path, *, context: int | None = None, threads: int | None = None) -> Loaded:
    """The model in `file`, ready to decode.

    Args:
        context: tokens; by default what the model was trained for, up to `LONGEST_CONTEXT`.
        threads: by default every core this process may use, one for a model under 32 MB.

    Raises:
        EngineError: xllamacpp is missing, or the file is missing, no GGUF, cut short or of an unknown kind.
    """
    header = _header(file)
    try:
        import xllamacpp
    except ImportError:
        raise EngineError(
            f"The engine llama:{file} needs xllamacpp, which is not installed: pip install 'shopbot[local]'."
        ) from None
    tokens = context or min(header.context or LONGEST_CONTEXT, LONGEST_CONTEXT)
    socket, key = Path(tempfile.mkdtemp(prefix="shopbot-llama-")) / "server.sock", secrets.token_hex(16)
    parameters = xllamacpp.CommonParams()
    for name, value in _parameters(tokens, socket, key).items():
        setattr(parameters, name, value)
    parameters.model.path = str(file)
    for cores in (parameters.cpuparams, parameters.cpuparams_batch):
        cores.n_threads = threads or _threads_for(file)
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError:
        raise EngineError(
            f"The model {str(file)!r} cannot be loaded (llama.cpp refuses it): fetch it again, or take another file."
        ) from None
    # Closed before its loop has begun, the server would wait for it for ever.
    server.handle_completions({"prompt": "a", "n_predict": 0})
    return Loaded(server, socket, key, header, tokens)


def _parameters(context: int, socket: Path, key: str) -> dict[str, Any]:
    return {
        "n_ctx": context,
        "n_batch": BATCH,
        "n_parallel": 1,
        "n_gpu_layers": -1,
        "cache_ram_mib": _KEPT_PROMPTS,
        "hostnames": [str(socket)],
        "api_keys": [key],
        "endpoint_slots": False,
        "ui": False,
        "warmup": False,
        "use_jinja": False,
        "chat_template": "chatml",  # the file's own is rendered here, so that it need not be one that the server knows
        "verbosity": -1,
    }


def _threads_for(file: Path) -> int:
    """Every core, but one for a small model: its threads would wait for one another longer than they work."""
    if file.stat().st_size < _SMALL:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _header(file: Path) -> Header:
    try:
        with file.open("rb") as opened:
            magic = opened.read(4)
        if magic != b"GGUF":
            raise EngineError(
                f"The model {str(file)!r} is no GGUF file: it must begin with the letters GGUF, so convert it first."
            )
        return read_header(file)
    except OSError as error:
        raise EngineError(
            f"The model {str(file)!r} cannot be read ({error.strerror}): give the path of a GGUF file."
        ) from None
    except ValueError as error:
        raise EngineError(
            f"The model {str(file)!r} cannot be loaded ({error}): fetch it again, or take another file."
        ) from None
