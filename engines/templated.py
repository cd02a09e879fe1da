"""Answers that code words from templates and observations alone: there is nothing of an engine's own in them to check.

The mark is a keyed digest of the answer's words, under a key that each process draws for itself: a server that writes
one into its response, or an engine that copies one to other words, is checked like any other.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from langchain_core.messages import AIMessage

TEMPLATED = "templated"
"""Where the mark stands in an answer's `response_metadata`."""
_KEY = secrets.token_bytes(32)


def templated(message: AIMessage) -> AIMessage:
    """The answer, marked as worded by template."""
    return message.model_copy(
        update={"response_metadata": {**message.response_metadata, TEMPLATED: _mark(message.text)}}
    )


def is_templated(message: AIMessage) -> bool:
    """Whether code of this process worded the answer by template, and nobody has changed its words."""
    mark = message.response_metadata.get(TEMPLATED)
    return isinstance(mark, str) and mark.isascii() and hmac.compare_digest(mark, _mark(message.text))


def unmarked(message: AIMessage) -> AIMessage:
    """The answer as the history keeps it: there a mark could be copied together with its words."""
    if TEMPLATED not in message.response_metadata:
        return message
    kept = {key: value for key, value in message.response_metadata.items() if key != TEMPLATED}
    return message.model_copy(update={"response_metadata": kept})


def _mark(text: str) -> str:
    return hmac.new(_KEY, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
