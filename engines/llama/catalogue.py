"""Every action that a model has been offered so far, in the order of their first appearance.

The prompt begins with the descriptions of all of them, and only ends with the names of those that are allowed now; so
the beginning stays the same from step to step, for every conversation, and is evaluated once. What may be called is up
to the grammar, not to the description.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

MOST = 64
"""More than that and an agent has changed: the catalogue begins anew."""


class Catalogue:
    """Remembers actions by their whole description; safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def with_all(self, actions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Every action known, `actions` among them."""
        with self._lock:
            changed = any(self._known.get(one["name"], one) != one for one in actions)
            if changed or len(self._known) > MOST:
                self._known.clear()
            for one in actions:
                self._known.setdefault(one["name"], one)
            return list(self._known.values())
