"""Customers talk to a real small model, where there is one: nothing is returned that nobody wanted returned, and nobody
reads a call. How many are served is measured by `benchmarks/real_models.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")

from benchmarks.real_models import run
from shopbot.engines.llama.store import ModelStore

FOLDER = Path(os.environ.get("SHOPBOT_TEST_MODELS", "~/.shopbot/models")).expanduser()
MODELS = ("qwen-0.5b", "smollm2-135m")


def test_no_wrong_write_and_no_insides() -> None:
    store = ModelStore(FOLDER)
    here = [name for name in MODELS if name in store.names()]
    if not here:
        pytest.skip(f"no local model in {FOLDER}: shopbot models fetch {MODELS[0]}")
    figures = run(store.file(here[0]), "guided", customers=5, seed=2)
    assert figures.wrong_writes == 0
    assert figures.leaks == []
