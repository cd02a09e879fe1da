"""How the command line fails: one sentence, a non-zero code, and never a traceback for an expected failure."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def explained(command: Callable[[], object]) -> int:
    """Run `command`; turn what a user can meet into one sentence on standard error."""
    try:
        command()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in (
            "shop",
            "engines",
            "prompts",
            "agents",
            "tools",
            "apps",
        ):
            raise
        print(f"shopbot: {error}", file=sys.stderr)
        return 1
    return 0
