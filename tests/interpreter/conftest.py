"""Interpreters that live as long as a test file: starting one takes longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shopbot.tools.interpreter import Interpreter, Limits
from shopbot.tools.interpreter.interpreter import platform_refusal

LIMITS = Limits(seconds=2.0, memory=64 << 20, output=10_000)


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Interpreter]:
    """Both paths."""
    with Interpreter(LIMITS, workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Interpreter]:
    """A process of its own for each program."""
    if reason := platform_refusal():
        pytest.skip(reason)
    with Interpreter(LIMITS, workers=2, quick=False) as running:
        yield running
