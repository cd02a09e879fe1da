"""Start the server: `python -I -B __main__.py CONTROL_FD LIBRARIES`, LIBRARIES being `plain` or `scientific`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    # Isolated mode puts no folder of this project on the path; the package goes there for its own import alone.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    serve = importlib.import_module("sandbox.server").serve
    del sys.path[0]
    serve(int(sys.argv[1]), sys.argv[2])
