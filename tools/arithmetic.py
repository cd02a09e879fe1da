"""Arithmetic that cannot do anything else: expressions behind an allow-list of syntax, in exact fractions.

    evaluate("3 * 19.95 + 4.50")                          -> Decimal("64.35")
    evaluate("sum(quantity * unit_price)", columns={...})  -> the same over the lines of an order

A literal is what is written, never a binary float, so money is exact; `//` and `%` are Python's own (-7 // 2 is -4),
`round` takes halves away from nought, as amounts of money are rounded (round(2.5) is 3).
Every value is exact as long as numerator and denominator have at most MAX_DIGITS digits; only a root, such as
2 ** 0.5, is cut, after ROOT_PLACES decimal places. Arithmetic over whole columns runs in numexpr on integers, and only
after the same allow-list has passed it: numexpr by itself evaluates strings with `eval` and must never see free text.
This is no program interpreter: no names but the columns, no assignment, no attribute, no call but the ones below.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, Inexact, InvalidOperation, Overflow, localcontext
from fractions import Fraction
from math import floor

MAX_LENGTH = 300
MAX_DIGITS = 300
ROOT_PLACES = 100
MAX_ROOT = 1000
MAX_COLUMN_VALUE = 2**31
MAX_LINE_RESULT = 2**62
"""numexpr calculates in 64 bits and wraps around without a word."""

Columns = Mapping[str, Sequence[int]]


class ArithmeticRefused(ValueError):
    """The expression is not plain arithmetic, or has no answer; the message says why."""


_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: _power(a, b),
}
_AGGREGATES: dict[str, Callable[[list[int]], Fraction]] = {
    "sum": lambda values: Fraction(sum(values)),
    "min": lambda values: Fraction(min(values)),
    "max": lambda values: Fraction(max(values)),
    "mean": lambda values: Fraction(sum(values), len(values)),
    "count": lambda values: Fraction(len(values)),
}


def evaluate(expression: str, columns: Columns | None = None) -> Decimal:
    """The value of `expression`: exact when it has an end in decimals, else to fifty digits.

    Raises:
        ArithmeticRefused: not arithmetic, too long, too large, divided by zero, or an unknown name.
    """
    return as_decimal(exact_value(expression, columns))


def exact_value(expression: str, columns: Columns | None = None) -> Fraction:
    """The exact value of `expression`; `columns` may be used inside sum, min, max, mean and count.

    Raises:
        ArithmeticRefused: as `evaluate` does.
    """
    if len(expression) > MAX_LENGTH:
        raise ArithmeticRefused(f"the expression has {len(expression)} characters; {MAX_LENGTH} are allowed")
    source = expression.strip()
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ArithmeticRefused(f"{expression!r} is not an arithmetic expression") from None
    try:
        return _Reader(source, columns or {}).value(tree.body)
    except ZeroDivisionError:
        raise ArithmeticRefused("a division by zero has no answer") from None


def as_decimal(value: Fraction) -> Decimal:
    """The value in decimals: all of them when they end, else fifty digits."""
    with localcontext() as context:
        context.prec = 6 * MAX_DIGITS  # a power of two in the denominator takes as many places as it has bits
        context.clear_flags()
        found = Decimal(value.numerator) / value.denominator
        if not context.flags[Inexact]:
            return found
        context.prec = 50
        return Decimal(value.numerator) / value.denominator


def round_half_up(value: Fraction, places: int) -> Fraction:
    """Rounded to so many decimal places, halves away from nought."""
    scaled = floor(abs(value) * 10**places + Fraction(1, 2))
    return Fraction(scaled if value >= 0 else -scaled, 10**places)


def _bounded(value: Fraction) -> Fraction:
    if max(abs(value.numerator), value.denominator) >= 10**MAX_DIGITS:
        raise ArithmeticRefused(f"the numbers are too large: {MAX_DIGITS} digits are allowed")
    return value


class _Reader:
    """Evaluates one expression; `source` is what literals are read from."""

    def __init__(self, source: str, columns: Columns) -> None:
        self._source = source
        self._columns = columns

    def value(self, node: ast.expr) -> Fraction:
        return _bounded(self._value(node))

    def _value(self, node: ast.expr) -> Fraction:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            value = self.value(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            return _OPERATIONS[type(node.op)](self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node.func.id, node.args)
        raise ArithmeticRefused(f"{ast.unparse(node)!r} is not allowed in an arithmetic expression")

    def _number(self, node: ast.Constant) -> Fraction:
        """As it is written: the parser has made a binary float of it."""
        if type(node.value) is int:
            return Fraction(node.value)
        if type(node.value) is not float:
            raise ArithmeticRefused(f"{node.value!r} is not a number")
        written = (ast.get_source_segment(self._source, node) or "").replace("_", "")
        try:
            number = Decimal(written)
        except InvalidOperation:
            raise ArithmeticRefused(f"{written!r} is not a number") from None
        if abs(number.adjusted()) > MAX_DIGITS:
            raise ArithmeticRefused(f"{written} has too many digits; {MAX_DIGITS} are allowed")
        return Fraction(number)

    def _call(self, name: str, args: list[ast.expr]) -> Fraction:
        if name == "round" and 1 <= len(args) <= 2:
            places = self.value(args[1]) if len(args) == 2 else Fraction(0)
            if places.denominator != 1 or not 0 <= places <= 10:
                raise ArithmeticRefused(f"round to {as_decimal(places)} places is not possible; 0 to 10 are")
            return round_half_up(self.value(args[0]), int(places))
        if name == "abs" and len(args) == 1:
            return abs(self.value(args[0]))
        if name in ("min", "max", "sum") and len(args) > 1:
            values = [self.value(arg) for arg in args]
            return {"min": min(values), "max": max(values), "sum": sum(values, Fraction())}[name]
        if name in _AGGREGATES and len(args) == 1:
            return _AGGREGATES[name](_over_columns(args[0], self._columns))
        raise ArithmeticRefused(f"{name}() is not available; round, abs, sum, min, max, mean and count are")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        return _root(base, exponent)
    size = max(abs(base.numerator).bit_length(), base.denominator.bit_length()) - 1
    if size * abs(exponent) > 4 * MAX_DIGITS or abs(exponent) > 10**9:
        raise ArithmeticRefused(f"the numbers are too large: {MAX_DIGITS} digits are allowed")
    if abs(base) in (0, 1):  # however large the exponent
        exponent = exponent if base == 0 else exponent % 2
    return base ** int(exponent)


def _root(base: Fraction, exponent: Fraction) -> Fraction:
    """A power that is no whole number: exact where it is rational, else cut after ROOT_PLACES."""
    if base < 0 or (base == 0 and exponent < 0) or exponent.denominator > MAX_ROOT or abs(exponent) > MAX_DIGITS:
        raise ArithmeticRefused("this root has no answer here")
    with localcontext() as context:
        context.prec = 2 * MAX_DIGITS
        try:
            found = (Decimal(base.numerator) / base.denominator) ** (Decimal(exponent.numerator) / exponent.denominator)
            return Fraction(found.quantize(Decimal(1).scaleb(-ROOT_PLACES)))
        except (InvalidOperation, Overflow):
            raise ArithmeticRefused(f"the numbers are too large: {MAX_DIGITS} digits are allowed") from None


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
