"""From a GGUF file to a loaded model, or one sentence that says why not."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbot.engines.errors import EngineError

if TYPE_CHECKING:
    from llama_cpp import Llama

MAGIC = b"GGUF"
LONGEST_CONTEXT = 8192
"""Tokens, where the file allows more: the cache of keys and values takes memory for each."""
_BATCH = 512
_SMALL = 32 << 20
_ERROR = 3
_log_lines: list[str] = []


def load(file: Path, *, context: int | None = None, threads: int | None = None) -> Llama:
    """The model in `file`, ready to decode.

    Args:
        context: tokens; by default what the model was trained for, up to `LONGEST_CONTEXT`.
        threads: by default every core this process may use, one for a model under 32 MB.

    Raises:
        EngineError: llama-cpp-python is missing, or the file is missing, no GGUF, cut short or of an unknown kind.
    """
    _check(file)
    from jinja2 import TemplateError

    try:
        import llama_cpp
    except ImportError:
        raise EngineError(
            f"The engine llama:{file} needs llama-cpp-python, which is not installed: pip install 'shopbot[llama]'."
        ) from None
    _quieten(llama_cpp)
    _log_lines.clear()
    cores = threads or _threads_for(file)
    try:
        trained = _trained_context(file)
        return llama_cpp.Llama(
            str(file),
            n_ctx=context or min(trained, LONGEST_CONTEXT),
            n_batch=_BATCH,
            n_threads=cores,
            n_threads_batch=cores,
            n_gpu_layers=-1,
            verbose=False,
        )
    except TemplateError as error:
        raise EngineError(
            f"The model {str(file)!r} cannot be loaded (its chat template: {error}): take another file."
        ) from None
    except (ValueError, OSError, RuntimeError) as error:
        reason = next((line for line in reversed(_log_lines) if line), str(error))
        raise EngineError(
            f"The model {str(file)!r} cannot be loaded ({reason}): fetch it again, or take another file."
        ) from None


def _threads_for(file: Path) -> int:
    """Every core, but one for a small model: its threads would wait for one another longer than they work."""
    if file.stat().st_size < _SMALL:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(MAGIC))
    except OSError as error:
        raise EngineError(
            f"The model {str(file)!r} cannot be read ({error.strerror}): give the path of a GGUF file."
        ) from None
    if magic != MAGIC:
        raise EngineError(
            f"The model {str(file)!r} is no GGUF file: it must begin with the letters GGUF, so convert it first."
        )


def _trained_context(file: Path) -> int:
    """What the file says about its context, read with the vocabulary alone."""
    import llama_cpp

    parameters: Any = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(file).encode(), parameters)
    if not model:
        raise ValueError("llama.cpp refuses it")
    try:
        text = _metadata(model, f"{_metadata(model, 'general.architecture')}.context_length")
        return int(text) if text.isdigit() else LONGEST_CONTEXT
    finally:
        llama_cpp.llama_model_free(model)


def _metadata(model: Any, key: str) -> str:
    import llama_cpp

    buffer = ctypes.create_string_buffer(256)
    length = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace") if length > 0 else ""


def _quieten(llama_cpp: Any) -> None:
    """Keep llama.cpp's errors for our own sentence instead of printing them."""
    global _listener
    if _listener is None:
        _listener = llama_cpp.llama_log_callback(_listen)
        llama_cpp.llama_log_set(_listener, ctypes.c_void_p(0))


_listener: Any = None


def _listen(level: int, text: bytes, _: Any) -> None:
    if level == _ERROR:
        _log_lines.append(text.decode("utf-8", "replace").strip().partition(": ")[2] or text.decode("utf-8", "replace"))
        del _log_lines[:-10]
