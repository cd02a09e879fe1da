"""Recording: every decision of an engine as a line of a file, personal data masked: what `optimize` learns from.

`open_recorder(path)` gives what the gate tells its engine's decisions to.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbot.engines.recording.recorder import Recorder

__all__ = ["Recorder", "open_recorder"]


def open_recorder(path: Path | None) -> Recorder | None:
    """The recorder to the file `path`; None for no file."""
    if path is None:
        return None
    from shopbot.engines.recording.file import TraceFile
    from shopbot.engines.recording.recorder import Recorder

    return Recorder(TraceFile(path))
