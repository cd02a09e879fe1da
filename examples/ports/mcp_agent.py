"""An agent over the tools of an MCP server after LangChain's page "MCP", and what changes with the gate.

Page: https://docs.langchain.com/oss/python/langchain/mcp (rewritten, with a server of its own over standard input and
output: `examples/ports/clinic_server.py`). There every tool of the server is the model's to call; with the gate those
that only read are, one that is destructive waits for a yes, and one without a contract is denied.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import BaseTool

from shopbot.agents import Gate
from shopbot.tools import Action

PROMPT = "You are the desk of a clinic."


def clinic_server(cancelled: Path) -> Any:
    """LangChain's `MCPAdapter` to the clinic's server, which writes what it cancels to `cancelled`."""
    from fastmcp.client.transports import StdioTransport
    from langchain.mcp import MCPAdapter

    server = str(Path(__file__).with_name("clinic_server.py"))
    return MCPAdapter(StdioTransport(sys.executable, [server, str(cancelled)], keep_alive=False))


def without_gate(model: Any, tools: Sequence[BaseTool], **options: Any) -> Any:
    """The page's agent."""
    return create_agent(model, list(tools), system_prompt=PROMPT, **options)


def with_gate(model: Any, tools: Sequence[BaseTool], **options: Any) -> Any:
    """The same agent: the server's hints are the contracts, with one fact between finding a visit and cancelling it."""
    by_name = {tool.name: tool for tool in tools}
    actions = [
        Action.from_tool(by_name["find_visit"], gives=("visit",)),
        Action.from_tool(by_name["cancel_visit"], needs=("visit",)),
    ]
    return create_agent(model, list(tools), system_prompt=PROMPT, middleware=[Gate(actions)], **options)
