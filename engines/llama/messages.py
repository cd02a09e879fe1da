"""What an answer took and holds, in LangChain's own forms."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata

from shopbot.engines.llama.work import Work


def as_chunk(message: AIMessage) -> AIMessageChunk:
    """A whole answer as the only piece of its stream."""
    calls = [
        {
            "name": call["name"],
            "args": as_text(call["args"]),
            "id": call["id"],
            "index": place,
            "type": "tool_call_chunk",
        }
        for place, call in enumerate(message.tool_calls)
    ]
    return AIMessageChunk(
        content=message.content,
        tool_call_chunks=calls,  # type: ignore[arg-type]
        additional_kwargs=message.additional_kwargs,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        chunk_position="last",
    )


def usage_of(work: Work) -> UsageMetadata:
    """Tokens read and written; what was evaluated before counts as read from the cache."""
    return UsageMetadata(
        input_tokens=work.prompt,
        output_tokens=work.made,
        total_tokens=work.prompt + work.made,
        input_token_details={"cache_read": work.prompt - work.evaluated},
    )


def as_text(arguments: Any) -> str:
    """A call's arguments as JSON; a text that is no JSON as it stands."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
