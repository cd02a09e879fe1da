"""Plays a notebook without Jupyter: runs its code cells in order, in one namespace, and collects what they print.

    python notebooks/play.py notebooks/01_an_agent_that_asks_first.ipynb [--save]

`--save` stores what was printed as the outputs of the cells. Magics and rich displays are not supported.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]


def play(notebook: Notebook) -> list[str]:
    """What each code cell printed.

    Raises:
        Exception: whatever a cell raises.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    return [_run(cell, number, namespace) for number, cell in enumerate(code_cells(notebook), start=1)]


def code_cells(notebook: Notebook) -> list[Notebook]:
    """The code cells, in order."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _run(cell: Notebook, number: int, namespace: dict[str, Any]) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile("".join(cell["source"]), f"<cell {number}>", "exec"), namespace)  # noqa: S102
    return printed.getvalue()


def _keep(notebook: Notebook, printed: list[str]) -> None:
    for number, (cell, text) in enumerate(zip(code_cells(notebook), printed, strict=True), start=1):
        stream = {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}
        cell.update(execution_count=number, outputs=[stream] if text else [])


def main() -> None:
    """Print what the cells print, and store it if asked to."""
    parser = argparse.ArgumentParser(description="Run a notebook's code cells without Jupyter.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--save", action="store_true", help="store what was printed in the notebook")
    given = parser.parse_args()
    notebook = json.loads(given.notebook.read_text(encoding="utf-8"))
    try:
        printed = play(notebook)
    except BaseException:
        traceback.print_exc()
        # What a failed cell left open (a shop, say) has threads that would keep the process alive for ever.
        sys.stderr.flush()
        os._exit(1)
    print("\n".join(printed))
    if given.save:
        _keep(notebook, printed)
        given.notebook.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
