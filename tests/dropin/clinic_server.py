"""An MCP server over standard input and output: a clinic's visits, one of which can be looked at and cancelled.

`python clinic_server.py FILE`; cancelled visits are written to FILE, so that whoever started the server can see them.
"""

import sys
from pathlib import Path

from fastmcp import FastMCP

server: FastMCP = FastMCP("clinic")


@server.tool(annotations={"readOnlyHint": True})
def find_visit(number: str) -> dict[str, str]:
    """Find a visit by its number."""
    return {"visit": number, "day": "2026-12-01"}


@server.tool(annotations={"readOnlyHint": False, "destructiveHint": True})
def cancel_visit(number: str) -> str:
    """Cancel a visit."""
    with Path(sys.argv[1]).open("a") as file:
        file.write(f"{number}\n")
    return f"visit {number} is cancelled"


@server.tool(annotations={"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True})
def remind(number: str, hours: int = 24) -> str:
    """Set a reminder for a visit."""
    return f"reminder {hours} hours before visit {number}"


@server.tool
def erase_everything() -> str:
    """Erase all visits."""
    Path(sys.argv[1]).write_text("everything\n")
    return "erased"


if __name__ == "__main__":
    server.run(show_banner=False)
