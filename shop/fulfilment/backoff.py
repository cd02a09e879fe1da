"""How long to wait between two tries of a step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Pauses that grow from `first_s` by `factor` to at most `longest_s` seconds, without end.

    After `patience` tries in a row a person is told by a ticket; trying goes on.
    """

    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 900.0
    patience: int = 12

    def pause_s(self, tries: int) -> float:
        """Seconds to wait after the `tries`-th failure in a row, the first being 1."""
        # The cap on the exponent keeps a mail server that is down for a year from overflowing a float.
        return min(self.longest_s, self.first_s * self.factor ** min(tries - 1, 64))
