"""A notebook as a page: its words, its code, what the code printed."""

from __future__ import annotations

import json
from typing import Any


def notebook_page(text: str) -> str:
    """The Markdown of a notebook file's cells, in order."""
    return "\n\n".join(_cell(cell) for cell in json.loads(text)["cells"]) + "\n"


def _cell(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    printed = "".join(line for output in cell["outputs"] for line in output.get("text", []))
    shown = f"```python\n{source}\n```"
    return f"{shown}\n\n```text\n{printed.rstrip()}\n```" if printed else shown
