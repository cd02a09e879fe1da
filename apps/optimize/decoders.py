"""`shopbot optimize gguf`: a decoder from Hugging Face, or a GGUF file, as a smaller GGUF file for llama.cpp."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import typer

from shopbot.apps.optimize.terminal import expected_failures, fail, need_extra

_SUFFIX = ".gguf"


def run_gguf(source: Path, to: Path, kind: str, end: str, threads: int) -> None:
    """Write `source`, a folder of a Llama decoder or a 16-bit GGUF file, as a GGUF file of `kind`."""
    if to.suffix != _SUFFIX:
        fail(f"{to} does not end in {_SUFFIX}: name the file that is to be written")
    with expected_failures():
        if source.is_file():
            _quantise(source, to, kind, threads)
        else:
            whole = to if kind == "f16" else to.with_name(f"{to.stem}.f16{_SUFFIX}")
            _export(source, whole, end)
            if kind != "f16":
                _quantise(whole, to, kind, threads)
                whole.unlink()
    typer.echo(f"{to}: {to.stat().st_size / 1e6:.1f} MB; try it: shopbot chat --engine llama:{to}")


def _export(folder: Path, to: Path, end: str) -> None:
    need_extra("torch", "transformers", "gguf")
    from transformers import AutoModelForCausalLM

    from shopbot.optimize.decoders.export import export_gguf
    from shopbot.optimize.decoders.gguf_vocabulary import read_tokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    export_gguf(model, read_tokenizer(folder / "tokenizer.json", end=end), to, name=folder.resolve().name)


def _quantise(source: Path, to: Path, kind: str, threads: int) -> None:
    if find_spec("llama_cpp") is None:
        fail("This needs llama-cpp-python, which is compiled when it is installed: pip install 'shopbot[quantise]'.")
    from shopbot.optimize.decoders.quantise import quantise_gguf

    quantise_gguf(source, to, kind, threads)
