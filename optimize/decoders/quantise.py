"""GGUF -> smaller GGUF by llama.cpp's own `llama_model_quantize`. Needs llama-cpp-python; no torch.

q8_0      8 bits, blocks of 32 with one scale: practically as good as 16 bits
q4_k_m    4 bits in super-blocks of 256 for most matrices, 6 for the sensitive ones; where a row is no multiple of
          256 llama.cpp takes another form by itself
"""

from __future__ import annotations

import ctypes
from pathlib import Path

KINDS = {"f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0", "q6_k": "MOSTLY_Q6_K", "q5_k_m": "MOSTLY_Q5_K_M"}
KINDS |= {"q4_k_m": "MOSTLY_Q4_K_M", "q4_0": "MOSTLY_Q4_0", "q3_k_m": "MOSTLY_Q3_K_M"}


def quantise_gguf(source: Path, target: Path, kind: str = "q4_k_m", threads: int = 2) -> None:
    """Quantise a GGUF file of 16 or 32 bits.

    Raises:
        ModuleNotFoundError: llama-cpp-python is not installed.
        ValueError: the kind is unknown, or llama.cpp cannot read the source or write the target.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of GGUF; there are {', '.join(KINDS)}")
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.nthread = threads
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_{KINDS[kind]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    _silence(llama_cpp)
    failed = llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(parameters))
    if failed:
        raise ValueError(f"llama.cpp could not quantise {source} into {target}: check that it is a whole 16-bit GGUF")


def _silence(llama_cpp: object) -> None:
    from llama_cpp._logger import set_verbose

    set_verbose(False)
