"""The modules a program may import: loaded before the fork, because afterwards there is no file to load from.

A module that is not here is `ModuleNotFoundError` for a program. Preloading is no permission: what a module can do
is decided by the boundary.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings

_PLAIN = (
    "math cmath datetime _strptime calendar decimal fractions statistics random itertools functools collections "
    "collections.abc re json string operator heapq bisect copy enum dataclasses typing numbers textwrap time abc "
    "contextlib types pprint unicodedata array hashlib io traceback zoneinfo csv struct base64 secrets uuid graphlib "
    "inspect difflib locale keyword ast dis weakref reprlib colorsys timeit queue sched string.templatelib "
    "typing_extensions dateutil dateutil.relativedelta dateutil.parser encodings.idna encodings.ascii "
    "encodings.latin_1 encodings.utf_8_sig encodings.utf_16 logging pickle pathlib warnings argparse html urllib.parse "
    "zlib binascii hmac platform tokenize threading concurrent.futures copyreg"
)
_SCIENTIFIC = (
    "numpy numpy.linalg numpy.random numpy.polynomial numpy.fft numpy.ma mpmath sympy sympy.parsing.sympy_parser"
)

_EXERCISE_SYMPY = """
from sympy import *
x, y = symbols('x y')
[solve(x**2-5*x+6, x), solve([x+y-3, x-y-1], [x, y]), solve(x**3-2*x-5, x), solve([x**2+y-1, x-y], [x, y]),
 integrate(x**2*exp(-x), (x, 0, oo)), diff(sin(x)**2), simplify(sin(x)**2+cos(x)**2), factorint(360),
 limit(sin(x)/x, x, 0), Matrix([[1, 2], [3, 4]]).inv(), expand((x+1)**3), factor(x**2-1), nsolve(x**2-2, 1),
 solveset(x**2-1, x), summation(x, (x, 1, 10)), linsolve([x+y-3], x, y), str(sqrt(8)), latex(x**2),
 list(primerange(1, 10)), solve(x**2 < 4, x), nsimplify(0.5), N(pi), binomial(5, 2), Rational(1, 3),
 series(exp(x), x), dsolve(Function('f')(x).diff(x)), apart(1/(x**2-1)), pretty(x**2), solve(Eq(2**x, 8), x),
 lambdify(x, x+1)(2), sympify('x+1'), Piecewise((x, x > 0), (0, True)), Sum(x, (x, 1, 3)).doit()]
"""

_TIME_ZONES: list[object] = []
"""Kept alive, because `zoneinfo` forgets those that nobody holds, and would then want to read a file."""


def preload(libraries: str) -> None:
    """Import everything for `libraries`, "plain" or "scientific"; what is not installed is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in f"{_PLAIN} {_SCIENTIFIC if libraries == 'scientific' else ''}".split():
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        _TIME_ZONES.extend(_time_zones())
        if "sympy" in sys.modules:
            # sympy imports parts of itself on first use
            exec(_EXERCISE_SYMPY, {})  # noqa: S102


def _time_zones() -> list[object]:
    import time
    import zoneinfo

    time.localtime()  # reads /etc/localtime while it can
    return [zoneinfo.ZoneInfo(name) for name in sorted(zoneinfo.available_timezones())]
