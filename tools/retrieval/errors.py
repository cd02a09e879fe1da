"""Failures of retrieval that a person can act on."""

from __future__ import annotations

from shopbot.errors import AgentError


class RetrievalError(AgentError):
    """Documents cannot be read or their index cannot be used."""


class DamagedIndex(RetrievalError):
    """What an index holds does not fit together: it has to be built again."""
