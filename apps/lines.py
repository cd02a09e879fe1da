"""The lines of a byte stream, as programs send them: however long one is, no more than its beginning is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO


def read_lines(stream: BinaryIO, longest: int) -> Iterator[bytes]:
    """Every line with its line end; of one of more than `longest` bytes, the first `longest` + 1."""
    while line := stream.readline(longest + 1):
        rest = line
        while len(rest) > longest and not rest.endswith(b"\n"):
            rest = stream.readline(longest + 1)
        yield line
