"""The modules a program may import: loaded before the fork, because afterwards there is no file to load from.

Whole packages are walked, since they import parts of themselves on first use. A module that is not here is
`ModuleNotFoundError` for a program. Preloading is no permission: what a module can do is decided by the boundary.
Resident, measured with CPython 3.11: 20 MB for "plain", 125 MB for "scientific"; children share it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import sys
import time
import types
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec


def _words(text: str) -> set[str]:
    return set(text.split())


PLAIN = _words(
    "math cmath datetime _strptime calendar decimal fractions statistics random itertools functools collections "
    "collections.abc re string operator heapq bisect copy enum dataclasses typing numbers textwrap time abc contextlib "
    "json"
)
"""What programs import most. A process forks in a time that grows with what it holds, so these have their own.

None of them may read a file later: what does (`zoneinfo`, `dateutil`) is with the others, where it has been read."""
SCIENTIFIC = ("numpy", "mpmath", "sympy")
_WALKED = ("dateutil", "typing_extensions", *SCIENTIFIC)
_NEEDED = {"six", "gmpy2", "cython_runtime", __package__}
"""What the libraries above need beyond the standard library, and what is loaded of this package after them."""

_SKIPPED_LIBRARY = _words(
    "antigravity this idlelib turtle turtledemo tkinter test lib2to3 ensurepip venv distutils pydoc_data"
)
"""Of the standard library: what opens a window or a browser, prints, installs, or tests."""
_SKIPPED_PARTS = _words(
    "__main__ test tests testing conftest benchmarks plotting distutils f2py typing this pytest runtests randtest "
    "tmpfiles compatibility trace _pyinstaller autolev benchmark galgebra _build_utils"
)
"""Of a package: tests, plots, compilers, and what only warns that it is deprecated."""

_TIME_ZONES: list[object] = []
"""Kept alive, because `zoneinfo` forgets those that nobody holds, and would then want to read a file."""


class _OnlyNamed:
    """Finds nothing outside the libraries that programs are promised, whatever else is installed."""

    def find_spec(self, name: str, path: object = None, target: types.ModuleType | None = None) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top in _KNOWN | _NEEDED or top.startswith("_sysconfigdata"):
            return None
        raise ModuleNotFoundError(f"No module named {top!r}", name=top)


_KNOWN = {*sys.stdlib_module_names, *_WALKED}


class _Elsewhere:
    """Comes last: tells of a module that is not here but with the scientific libraries."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def find_spec(self, name: str, path: object = None, target: types.ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] in _KNOWN:
            self._tell(name)
        return None


def preload(libraries: str) -> None:
    """Import what is for `libraries`, "plain" or "scientific" (everything); what is not installed is left out."""
    sys.meta_path.insert(0, _OnlyNamed())
    # sympy looks at the encoding of standard output to see what it can draw with
    unseen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with warnings.catch_warnings(), contextlib.redirect_stdout(unseen):
        warnings.simplefilter("ignore")
        for name in sorted(PLAIN):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        time.localtime()  # reads /etc/localtime while it can
        os.environ.pop("LANG", None)  # the locale that a program gets for the asking has to need no file
        if libraries == "scientific":
            for name in [*sorted(_standard_library(), key=_public_first), *_WALKED]:
                _walk(name)
            _keep_time_zones()
            importlib.import_module(".event_loop", __package__).use_own_event_loop()


def tell_of_absent(tell: Callable[[str], None]) -> None:
    """Call `tell` with the name of a module that is imported and not here, though programs are promised it.

    Nothing where everything has been loaded.
    """
    if not _TIME_ZONES:
        sys.meta_path.append(_Elsewhere(tell))


def _standard_library() -> frozenset[str]:
    return sys.stdlib_module_names - _SKIPPED_LIBRARY - {"__main__"}


def _public_first(name: str) -> tuple[bool, str]:
    """`_asyncio` before `asyncio` would be initialised twice, and then knows no current task."""
    return name.startswith("_"), name


def _walk(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except Exception:  # made for another platform, or without a library of its own: absent for programs as well
        return
    for part in pkgutil.iter_modules(getattr(module, "__path__", ())):
        # hyperexpand_doc and its like calculate for a second to write documentation
        if part.name not in _SKIPPED_PARTS and not part.name.endswith("_doc"):
            _walk(f"{name}.{part.name}")


def _keep_time_zones() -> None:
    """Read them all, and their names, while there are files to read."""
    import zoneinfo

    names = frozenset(zoneinfo.available_timezones())
    _TIME_ZONES.extend(zoneinfo.ZoneInfo(name) for name in sorted(names))
    zoneinfo.available_timezones = lambda: set(names)
