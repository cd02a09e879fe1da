"""How much of a source is read before it is given up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on one document.

    Args:
        file_bytes: largest file or response that is read.
        unpacked_bytes: most that a compressed document may unpack to.
        pages: most pages of a PDF.
        rows: most rows of a table, a JSON lines file or a query.
        seconds: longest that a response may take, from the first byte to the last, redirects included.
        redirects: most that are followed.
        allow_private: whether web addresses of this machine and of private networks may be read.
    """

    file_bytes: int = 50_000_000
    unpacked_bytes: int = 200_000_000
    pages: int = 5_000
    rows: int = 200_000
    seconds: float = 30.0
    redirects: int = 5
    allow_private: bool = False
