"""Consent: has the customer clearly said yes to the question that was just put to them?

Decided by code over a grammar that a shop can read and extend (`prompts/words/consent.yaml`), never by the engine:
whoever controls the engine still cannot say yes for the customer. What is neither a clear yes nor a clear no is asked
again.
"""

from __future__ import annotations

from shopbot.prompts.consent import Answer, read_answer

__all__ = ["Answer", "is_clear_yes", "read_answer"]


def is_clear_yes(message: str) -> bool:
    """Whether `message` agrees and says nothing else: no condition, question, change, name or number."""
    return read_answer(message) is Answer.YES
