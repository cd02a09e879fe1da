"""Draws the terminal of `shopbot demo` as `docs/pictures/demo.svg`: a real run, from the first message to the label.

python -m docs.generate.terminal

Left out are the messages in the middle, so that it fits on a page.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "pictures" / "demo.svg"
WIDTH = 100
_SHOWN = (r"send the jeans back", r"maria\.lopez@example\.com\n", r"go ahead")
_COMMAND = [str(Path(sys.executable).with_name("shopbot")), "demo"]


def played() -> str:
    """What the demonstration writes to a terminal, colours included."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "SHOPBOT_DATA": folder, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
        environment["TERM"] = "xterm-256color"
        done = subprocess.run(_COMMAND, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout


def drawn(output: str) -> str:
    """The chosen turns of `output` as SVG, in whatever fixed-width font the reader has."""
    turns = re.split(r"^(?:\x1b\[[0-9;]*m)*─{20,}.*\n", output, flags=re.MULTILINE)
    chosen = [turn for turn in turns if any(re.search(words, turn.partition("thought")[0]) for words in _SHOWN)]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print("[bold]$ make demo[/bold]\n")
    for turn in chosen:
        console.print(Text.from_ansi(turn.rstrip()), end="\n\n")
    svg = console.export_svg(title="make demo", unique_id="demo")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code,", "")


if __name__ == "__main__":
    PICTURE.write_text(drawn(played()), encoding="utf-8")
