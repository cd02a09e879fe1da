"""What can go wrong with an engine before it has said a word."""

from __future__ import annotations


class EngineError(Exception):
    """An engine cannot be made from its spec; the message names the spec and the way out."""
