"""What can go wrong with an engine.

EngineError      it cannot be made from its spec: the message names the spec and the way out
UnusableAnswer   it answered, but with nothing that can be used: asking again may help
AnswerTooLong    it went on and on: asking again would cost the same and end the same
"""

from __future__ import annotations

from shopbot.errors import AgentError


class EngineError(AgentError):
    """An engine cannot be made from its spec; the message names the spec and the way out."""


class UnusableAnswer(Exception):
    """An answer that was cut off, is empty, or is not in the wire format."""


class AnswerTooLong(Exception):
    """An answer longer than any that a customer would read."""
