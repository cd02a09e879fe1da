"""Sums in words become expressions that mean the same."""

import ast
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.shopbot.arithmetic import to_expression


def _value(expression: str) -> Fraction:
    def walk(node: ast.expr) -> Fraction:
        match node:
            case ast.BinOp(left, operator, right):
                a, b = walk(left), walk(right)
                match operator:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case _:
                        return a / b
            case ast.UnaryOp(ast.USub(), operand):
                return -walk(operand)
            case ast.Constant():
                return Fraction(ast.get_source_segment(expression, node) or "")
        raise AssertionError(expression)

    return walk(ast.parse(expression, mode="eval").body)


@pytest.mark.parametrize(
    ("said", "expression"),
    [
        ("15% of 80", "80 * 15 / 100"),
        ("3 times 19.95 plus 4.50", "3 * 19.95 + 4.50"),
        ("twenty percent off 59.90", "59.90 - 59.90 * 20 / 100"),
        ("$1,299.00 divided by 12", "1299.00 / 12"),
        ("split 90 three ways", "90 / 3"),
        ("half of 37", "37 / 2"),
        ("2x 24.99 and 5.00 shipping", "2 * 24.99 + 5.00"),
        ("2 red mugs at 19.95 each", "2 * 19.95"),
        ("the sum of 12, 13.5 and two", "12 + 13.5 + 2"),
        ("(2+3)*4", "(2 + 3) * 4"),
        ("59.90 minus 10%", "59.90 - 59.90 * 10 / 100"),
        ("59.90 with 20% off", "59.90 - 59.90 * 20 / 100"),
        ("divide 90 between four", "90 / 4"),
        ("the difference between 90 and 7", "90 - 7"),
        ("subtract 5 from 9", "9 - 5"),
        ("19,95 * 2", "19.95 * 2"),
        ("2 * -3", "2 * (-3)"),
    ],
)
def test_words_become_an_expression(said: str, expression: str) -> None:
    assert to_expression(said) == expression


@pytest.mark.parametrize(
    "said", ["", "hello", "80", "5 5", "5 % 3", "plus", "(2 + 3", "import os", "3 mugs 19.95", "x" * 1000]
)
def test_what_is_no_sum_gives_nothing(said: str) -> None:
    assert to_expression(said) is None


_AMOUNTS = st.decimals(min_value=0, max_value=9999, places=2).map(str)


@given(_AMOUNTS, _AMOUNTS, _AMOUNTS)
def test_multiplication_binds_before_addition(a: str, b: str, c: str) -> None:
    expression = to_expression(f"{a} plus {b} times {c}")
    assert expression is not None
    assert _value(expression) == Fraction(Decimal(a) + Decimal(b) * Decimal(c))


@given(_AMOUNTS, _AMOUNTS, _AMOUNTS)
def test_subtraction_goes_left_to_right_and_parentheses_are_kept(a: str, b: str, c: str) -> None:
    left, grouped = to_expression(f"{a} - {b} - {c}"), to_expression(f"{a} - ({b} - {c})")
    assert left is not None
    assert grouped is not None
    assert _value(left) == Fraction(Decimal(a) - Decimal(b) - Decimal(c))
    assert _value(grouped) == Fraction(Decimal(a) - (Decimal(b) - Decimal(c)))


@given(st.integers(1, 99), _AMOUNTS)
def test_percentages_are_of_what_they_name(rate: int, amount: str) -> None:
    of, off = to_expression(f"{rate}% of {amount}"), to_expression(f"{rate} percent off {amount}")
    assert of is not None
    assert off is not None
    assert _value(of) == Fraction(amount) * rate / 100
    assert _value(off) == Fraction(amount) - Fraction(amount) * rate / 100


@given(st.text(alphabet="0123456789.+-*/()% ofxadhl,$", max_size=60))
def test_whatever_comes_out_is_arithmetic(text: str) -> None:
    expression = to_expression(text)
    if expression is not None:
        ast.parse(expression, mode="eval")
        assert set(expression) <= set("0123456789.+-*/() ")
