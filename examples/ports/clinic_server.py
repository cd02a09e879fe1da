"""An MCP server over standard input and output: a clinic's visits, which can be found and cancelled.

    python -m examples.ports.clinic_server FILE

Cancelled visits are written to FILE, so that whoever started the server can see them.
"""

import sys
from pathlib import Path

from fastmcp import FastMCP


def find_visit(number: str) -> dict[str, str]:
    """Find a visit by its number."""
    return {"visit": number, "day": "2026-12-01"}


def cancel_visit(number: str) -> str:
    """Cancel a visit."""
    with Path(sys.argv[1]).open("a") as file:
        file.write(f"{number}\n")
    return f"visit {number} is cancelled"


def remind(number: str, hours: int = 24) -> str:
    """Set a reminder for a visit."""
    return f"reminder {hours} hours before visit {number}"


def erase_everything() -> str:
    """Erase all visits."""
    Path(sys.argv[1]).write_text("everything\n")
    return "erased"


server: FastMCP = FastMCP("clinic")
server.tool(find_visit, annotations={"readOnlyHint": True})
server.tool(cancel_visit, annotations={"readOnlyHint": False, "destructiveHint": True})
server.tool(remind, annotations={"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True})
server.tool(erase_everything)

if __name__ == "__main__":
    server.run(show_banner=False)
