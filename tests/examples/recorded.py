"""Where the recorded conversations and databases lie that the benchmark's examples are tried on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", "../shared/data"))


def recorded(name: str) -> Path:
    """A file of the recorded data; the test is skipped where there is none."""
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{file} is not there: SHOPBOT_EXTERNAL_DATA names the folder of the recorded conversations")
    return file
