"""Arithmetic that cannot do anything else: expressions behind an allow-list of syntax, in exact decimals.

    evaluate("3 * 19.95 + 4.50")                          -> Decimal("64.35")
    evaluate("sum(quantity * unit_price)", columns={...})  -> the same over the lines of an order

Numbers are `Decimal`, so money is exact. Arithmetic over whole columns runs in numexpr on integers, and only after
the same allow-list has passed it: numexpr by itself evaluates strings with `eval` and must never see free text.
This is no program interpreter: no names but the columns, no assignment, no attribute, no call but the ones below.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

MAX_LENGTH = 300
MAX_DIGITS = 30
MAX_EXPONENT = 100
MAX_COLUMN_VALUE = 2**31
MAX_LINE_RESULT = 2**62
"""numexpr calculates in 64 bits and wraps around without a word."""

Columns = Mapping[str, Sequence[int]]


class ArithmeticRefused(ValueError):
    """The expression is not plain arithmetic, or has no answer; the message says why."""


_OPERATIONS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: _power(a, b),
}
_AGGREGATES: dict[str, Callable[[list[int]], Decimal]] = {
    "sum": lambda values: Decimal(sum(values)),
    "min": lambda values: Decimal(min(values)),
    "max": lambda values: Decimal(max(values)),
    "mean": lambda values: Decimal(sum(values)) / len(values),
    "count": lambda values: Decimal(len(values)),
}


def evaluate(expression: str, columns: Columns | None = None) -> Decimal:
    """The exact value of `expression`; `columns` may be used inside sum, min, max, mean and count.

    Raises:
        ArithmeticRefused: not arithmetic, too long, too large, divided by zero, or an unknown name.
    """
    if len(expression) > MAX_LENGTH:
        raise ArithmeticRefused(f"the expression has {len(expression)} characters; {MAX_LENGTH} are allowed")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ArithmeticRefused(f"{expression!r} is not an arithmetic expression") from None
    with localcontext() as context:
        context.prec = 50
        try:
            return _finite(_value(tree.body, columns or {}))
        except DivisionByZero:
            raise ArithmeticRefused("a division by zero has no answer") from None
        except (InvalidOperation, Overflow):
            raise ArithmeticRefused("the numbers are too large, or the operation has no answer") from None


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ArithmeticRefused("the operation has no answer")
    return value


def _value(node: ast.expr, columns: Columns) -> Decimal:
    if isinstance(node, ast.Constant):
        return _number(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = _value(node.operand, columns)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_value(node.left, columns), _value(node.right, columns))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args, columns)
    raise ArithmeticRefused(f"{ast.unparse(node)!r} is not allowed in an arithmetic expression")


def _number(node: ast.Constant) -> Decimal:
    if type(node.value) not in (int, float):
        raise ArithmeticRefused(f"{node.value!r} is not a number")
    number = Decimal(str(node.value))
    if not number.is_finite() or len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise ArithmeticRefused(f"{node.value!r} has too many digits; {MAX_DIGITS} are allowed")
    return number


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if abs(exponent) > MAX_EXPONENT:
        raise ArithmeticRefused(f"the exponent {exponent} is too large; {MAX_EXPONENT} is allowed")
    return base**exponent


def _call(name: str, args: list[ast.expr], columns: Columns) -> Decimal:
    if name == "round" and 1 <= len(args) <= 2:
        places = int(_value(args[1], columns)) if len(args) == 2 else 0
        if not 0 <= places <= 10:
            raise ArithmeticRefused(f"round to {places} places is not possible; 0 to 10 are")
        return _value(args[0], columns).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if name == "abs" and len(args) == 1:
        return abs(_value(args[0], columns))
    if name in ("min", "max", "sum") and len(args) > 1:
        values = [_value(arg, columns) for arg in args]
        return {"min": min(values), "max": max(values), "sum": sum(values, Decimal())}[name]
    if name in _AGGREGATES and len(args) == 1:
        return _AGGREGATES[name](_over_columns(args[0], columns))
    raise ArithmeticRefused(f"{name}() is not available; round, abs, sum, min, max, mean and count are")


def _over_columns(node: ast.expr, columns: Columns) -> list[int]:
    """Evaluate integer arithmetic over whole columns with numexpr, after the allow-list has passed it."""
    names = _checked_names(node, columns)
    if not names:
        raise ArithmeticRefused(f"{ast.unparse(node)!r} names no column; there are {', '.join(columns) or 'none'}")
    if not all(columns[name] for name in names):
        raise ArithmeticRefused("there are no lines to calculate over")
    if _bound(node, columns) > MAX_LINE_RESULT:
        raise ArithmeticRefused(f"{ast.unparse(node)!r} comes to numbers that are too large")
    import numexpr
    import numpy

    arrays = {name: numpy.asarray(columns[name], dtype=numpy.int64) for name in names}
    result = numexpr.evaluate(ast.unparse(node), local_dict=arrays, global_dict={})
    return [int(value) for value in numpy.atleast_1d(result)]


def _checked_names(node: ast.expr, columns: Columns) -> set[str]:
    """The columns used, when the tree is nothing but +, - and * over columns and small whole numbers."""
    if isinstance(node, ast.Name):
        if node.id not in columns:
            raise ArithmeticRefused(f"{node.id!r} is not a column; there are {', '.join(columns) or 'none'}")
        return {node.id}
    if isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < MAX_COLUMN_VALUE:
        return set()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        return _checked_names(node.left, columns) | _checked_names(node.right, columns)
    raise ArithmeticRefused(f"{ast.unparse(node)!r} is not allowed over columns: only +, - and * of whole numbers")


def _bound(node: ast.expr, columns: Columns) -> int:
    """A value that no intermediate result of the checked tree exceeds, without regard to sign."""
    if isinstance(node, ast.Name):
        return max(abs(value) for value in columns[node.id])
    if isinstance(node, ast.BinOp):
        left, right = _bound(node.left, columns), _bound(node.right, columns)
        return max(left, right, left * right) if isinstance(node.op, ast.Mult) else left + right
    return abs(int(node.value)) if isinstance(node, ast.Constant) and isinstance(node.value, int) else 0
