"""Hosted models through langchain-openai: OpenAI itself, or any server that speaks chat completions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engines.errors import EngineError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TIMEOUT_S = 60.0
RETRIES = 2


def make_openai(model: str) -> BaseChatModel:
    """`model` behind `OPENAI_API_KEY` and, when set, `OPENAI_BASE_URL`.

    Raises:
        EngineError: there is no key. A local server takes any: set OPENAI_API_KEY=none for it.
    """
    if not os.environ.get("OPENAI_API_KEY"):
        raise EngineError(
            f"The engine openai:{model} needs OPENAI_API_KEY; for a local server that wants none, set it to 'none' "
            "and OPENAI_BASE_URL to the server's address."
        )
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=model, timeout=TIMEOUT_S, max_retries=RETRIES, temperature=0)
