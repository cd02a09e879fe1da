"""`shopbot mcp`: the MCP server over standard input and output, for a client that starts it as a program."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from shopbot.apps.logbook import keep_log
from shopbot.apps.serve.mcp_server import protocol_server
from shopbot.apps.serve.serve_file import open_serve_file
from shopbot.apps.serve.server import SCHEMAS, Server
from shopbot.apps.serve.settings import load_serve_settings, secret_for
from shopbot.apps.settings import command_settings

FILE = "mcp.db"
"""The name of its file in the data folder: what a running `shopbot serve` has to answer is not this program's."""
_HERE = "127.0.0.1"


def run_mcp(*, data: Path | None, engine: str | None, agent: str | None) -> int:
    """Serve until the client closes standard input; returns the exit code.

    Raises:
        SettingsError: a setting cannot be used.
        AgentNotServed: what `agent` names cannot be served.
    """
    sys.path.insert(0, str(Path.cwd()))  # where a module of one's own lies
    settings, serve = command_settings(data=data, engine=engine), load_serve_settings()
    with keep_log(settings), open_serve_file(settings.data / FILE, *SCHEMAS, seal=settings.seal) as file:
        secret = secret_for(_HERE, serve, settings.data)
        server = Server(settings, serve, secret, file, host=_HERE, agent=agent)
        asyncio.run(_serve(server))
        if server.refusal is not None:
            raise server.refusal
    return 0


async def _serve(server: Server) -> None:
    from mcp.server.stdio import stdio_server

    protocol = protocol_server(server)
    async with server.running(), stdio_server() as (incoming, outgoing):
        await protocol.run(incoming, outgoing, protocol.create_initialization_options())
