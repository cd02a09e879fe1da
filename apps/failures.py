"""How the command line fails: one sentence, a non-zero code, and never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

STOPPED = 130
"""What a shell reports for a program that Ctrl-C ended."""
NOBODY_READS = 141
"""What a shell reports for a program whose output nobody reads any more."""


def explained(command: Callable[[], object]) -> int:
    """Run `command`; turn whatever goes wrong into one sentence on standard error."""
    try:
        command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        _discard_output()
        return NOBODY_READS
    except Exception as error:
        print(f"shopbot: {sentence(error)}", file=sys.stderr)
        return 1
    return 0


def sentence(error: Exception) -> str:
    """The error on one line; one that is not of this program's own also says its kind."""
    from shopbot.errors import AgentError

    words = " ".join(str(error).split())
    return words if isinstance(error, AgentError) else f"{type(error).__name__}: {words}"


def _discard_output() -> None:
    # Python flushes standard output once more when it ends, and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
