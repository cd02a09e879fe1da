"""Which programs are plain: those that cannot reach anything that outlives them, whatever they compute.

A plain program may share a process with other plain programs, one after another. It is an allow-list of syntax, names
and attributes under which a program can get hold of its own objects, of immutable types and functions, and of nothing
that it could change for the next one: no attribute is assigned, no name holds two underscores, no exception is caught,
no class made, and no frame, code, module dictionary or context is within reach. It decides about speed, and about
programs seeing each other; what a program can do to the machine is decided by the boundary alone.
"""

from __future__ import annotations

import ast
import builtins
import string
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any, TypeVar

MAX_LENGTH = 20_000
"""Characters; parsing as much takes about ten milliseconds."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SAFE = _words(
    "abs all any ascii bin bool bytes callable chr complex dict divmod enumerate filter float format frozenset hash "
    "hex int isinstance iter len list map max min next oct ord pow print range repr reversed round set slice sorted "
    "str sum tuple zip True False None NotImplemented Ellipsis "
    "ArithmeticError AssertionError Exception IndexError KeyError LookupError NotImplementedError OverflowError "
    "RuntimeError StopIteration TypeError ValueError ZeroDivisionError"
)
_WITHHELD = frozenset(dir(builtins)) - _SAFE - {"__name__"}

MODULES: dict[str, frozenset[str]] = {
    name: _words(names)
    for name, names in {
        "math": " ".join(name for name in dir(__import__("math")) if not name.startswith("_")),
        "itertools": "accumulate chain combinations combinations_with_replacement compress count cycle dropwhile "
        "filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest "
        "from_iterable",
        "collections": "Counter defaultdict deque OrderedDict",
        "functools": "reduce partial",
        "heapq": "heappush heappop heapify heapreplace heappushpop nlargest nsmallest merge",
        "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
        "fractions": "Fraction",
        "decimal": "Decimal ROUND_HALF_UP ROUND_HALF_EVEN ROUND_HALF_DOWN ROUND_UP ROUND_DOWN ROUND_CEILING "
        "ROUND_FLOOR",
        "statistics": "mean median mode stdev pstdev variance pvariance multimode median_low median_high fmean",
        "datetime": "date datetime timedelta time",
    }.items()
}
"""What may be imported, and what of it."""

_ATTRIBUTES = frozenset().union(*MODULES.values()) | _words(
    # of lists, mappings and sets
    "append extend insert remove pop clear index count sort reverse copy keys values items get popitem setdefault "
    "update fromkeys add discard union intersection difference symmetric_difference issubset issuperset isdisjoint "
    "intersection_update difference_update symmetric_difference_update appendleft popleft extendleft rotate "
    "most_common elements total subtract move_to_end "
    # of text
    "split rsplit splitlines strip lstrip rstrip replace find rfind rindex startswith endswith upper lower title "
    "capitalize swapcase casefold isdigit isalpha isalnum isnumeric isdecimal isspace isupper islower istitle "
    "isidentifier isascii isprintable join center ljust rjust zfill partition rpartition removeprefix removesuffix "
    "expandtabs translate maketrans "
    # of numbers
    "bit_length bit_count as_integer_ratio is_integer numerator denominator real imag conjugate limit_denominator "
    "quantize to_integral_value is_nan sqrt "
    # of dates
    "year month day hour minute second microsecond weekday isoweekday isocalendar isoformat days seconds microseconds "
    "total_seconds toordinal fromordinal fromisoformat date time combine min max resolution"
)

_SYNTAX = (
    ast.Module, ast.Expression, ast.FunctionDef, ast.Return, ast.Delete, ast.Assign, ast.AugAssign, ast.AnnAssign,
    ast.For, ast.While, ast.If, ast.Assert, ast.Raise, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Expr,
    ast.Pass, ast.Break, ast.Continue, ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp,
    ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Yield, ast.YieldFrom, ast.Compare,
    ast.Call, ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Starred, ast.Name,
    ast.List, ast.Tuple, ast.Slice, ast.comprehension, ast.arguments, ast.arg, ast.keyword, ast.alias, ast.expr_context,
    ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip

_Tree = TypeVar("_Tree", ast.Module, ast.Expression)


class NotPlain(Exception):
    """The program needs a process of its own; the message says why."""


def compile_plain(code: str, entry: str | None, names: tuple[str, str]) -> tuple[CodeType, CodeType | None]:
    """Program and entry as code, under the file names `names`.

    Raises:
        NotPlain: one of them is long, not plain, or cannot be compiled.
    """
    if len(code) + len(entry or "") > MAX_LENGTH:
        raise NotPlain(f"has more than {MAX_LENGTH} characters")
    try:
        program = compile(_checked(ast.parse(code, names[0])), names[0], "exec", dont_inherit=True)
        if entry is None:
            return program, None
        answer = _checked(ast.parse(entry, names[1], "eval"))
        return program, compile(answer, names[1], "eval", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise NotPlain(f"does not compile ({type(error).__name__})") from None


def plain_builtins(modules: dict[str, ModuleType]) -> dict[str, Any]:
    """A fresh set of the builtins for one program; `import` gives it what is in `modules`, and of it what is safe."""

    def find(name: str, *_: object) -> ModuleType:
        if name not in modules:  # a function of the library imports more on its own
            raise NotPlain(f"imports {name}")
        return modules[name]

    return {**{name: getattr(builtins, name) for name in _SAFE}, "__import__": find}


def safe_modules() -> dict[str, ModuleType]:
    """Copies of the modules that hold what may be imported and nothing else."""
    copies = {}
    for name, kept in MODULES.items():
        module, copy = __import__(name), ModuleType(name)
        vars(copy).update({each: getattr(module, each) for each in kept if hasattr(module, each)})
        copy.__spec__ = module.__spec__  # by which it is printed
        copies[name] = copy
    return copies


def _checked(tree: _Tree) -> _Tree:
    for node in ast.walk(tree):
        if not isinstance(node, _SYNTAX):
            raise NotPlain(f"uses {type(node).__name__}")
        if reason := _CHECKS.get(type(node), _nothing)(node):
            raise NotPlain(reason)
        for name in _identifiers(node):
            if "__" in name and name != "__name__":
                raise NotPlain(f"uses {name}")
    return tree


def _identifiers(node: ast.AST) -> Iterator[str]:
    for field in ("id", "name", "attr", "arg", "asname"):
        if isinstance(name := getattr(node, field, None), str):
            yield name
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


def _nothing(node: Any) -> str | None:
    return None


def _name(node: ast.Name) -> str | None:
    return f"uses {node.id}" if node.id in _WITHHELD else None


def _function(node: ast.FunctionDef) -> str | None:
    return "decorates a function" if node.decorator_list else None


def _import(node: ast.Import) -> str | None:
    return next((f"imports {alias.name}" for alias in node.names if alias.name not in MODULES), None)


def _import_from(node: ast.ImportFrom) -> str | None:
    known = MODULES.get(node.module or "", frozenset()) if node.level == 0 else frozenset()
    star = {"*"} if node.module == "math" else frozenset()
    return next((f"imports {node.module}.{alias.name}" for alias in node.names if alias.name not in known | star), None)


def _attribute(node: ast.Attribute) -> str | None:
    if not isinstance(node.ctx, ast.Load):
        return f"sets .{node.attr}"
    if node.attr == "format":
        return None if _formats_plainly(node.value) else "formats with fields that are more than names"
    return f"uses .{node.attr}" if node.attr not in _ATTRIBUTES else None


def _formats_plainly(receiver: ast.expr) -> bool:
    """A format string can read attributes of what it is given, so it has to be there to look at."""
    if not isinstance(receiver, ast.Constant) or not isinstance(receiver.value, str):
        return False
    try:
        fields = list(string.Formatter().parse(receiver.value))
    except ValueError:
        return True  # fails for the program as well
    return all((not field or field.isidentifier() or field.isdigit()) and "{" not in (spec or "")
               for _, field, spec, _ in fields)  # fmt: skip


_CHECKS: dict[type[ast.AST], Callable[[Any], str | None]] = {
    ast.Name: _name,
    ast.FunctionDef: _function,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Attribute: _attribute,
}
