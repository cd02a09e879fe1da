"""Where the value of an argument may come from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

logger = logging.getLogger(__name__)


class Source(Flag):
    """Where the value of an argument may come from; a value found in none of them is refused."""

    USER = auto()
    """The user's own words in this conversation."""
    OBSERVATION = auto()
    """The text of an earlier observation."""
    FACT = auto()
    """A fact that an action established."""
    ENGINE = auto()
    """The engine's own composition (a program, a query, a summary): not grounded, validated by the action."""
    DERIVED = auto()
    """What code makes of the user's words: `Source.DERIVED(by=function)`."""
    GIVEN = USER | OBSERVATION | FACT
    """Anything but invention: the default."""
    CUSTOMER = USER
    """The older name of `USER`."""

    def __call__(self, *, by: Callable[[str], Any]) -> Derived:
        """The mark of an argument whose value `by` derives from what the user said.

        Args:
            by: from the text of one message to the value that it comes to, or a collection of values; None when it
                comes to none. The engine's value must be one of them.

        Raises:
            TypeError: of any other source than DERIVED.
        """
        if self is not Source.DERIVED:
            raise TypeError(f"{self} takes no function: only Source.DERIVED(by=...) does")
        return Derived(by)


@dataclass(frozen=True)
class Derived:
    """A source: values that `by` derives from a message of the user."""

    by: Callable[[str], Any]

    def values(self, text: str) -> list[Any]:
        """What `by` makes of one message; a message that it cannot read comes to nothing."""
        try:
            found = self.by(text)
        except Exception:
            logger.debug("a message could not be read for a derived value", exc_info=True)
            return []
        if found is None:
            return []
        return list(found) if isinstance(found, list | tuple | set | frozenset) else [found]
