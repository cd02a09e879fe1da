"""What a SELECT written by an engine may consist of: an allow-list over its syntax tree.

A node, an argument of a node, a function or a type that is not named here is refused, so a new piece of SQL is
shut out until someone lets it in. Whose rows the statement sees is not decided here but in `own_rows`.
"""

from __future__ import annotations

import re
from collections import Counter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from shopbot.shop.errors import ShopError

MAX_LENGTH = 4_000
"""Characters of a statement."""
MAX_JOINS = 12
MAX_CONCATENATIONS = 8
"""Of `||`: enough for a sentence, too few to double a text until memory is gone."""

MAX_SELECTS = 200
"""Of a statement once every named query stands where it is used, as SQLite writes it out before it runs anything."""
MAX_TRIMMED = 20
"""Characters to trim; each is compared with each end of a text."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_WORDS = re.compile(r"[A-Za-z_]+( [A-Za-z_]+)*")
_NUMBER = re.compile(r"\d{1,18}(\.\d{1,18})?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SYSTEM_COLUMNS = frozenset(["rowid", "_rowid_", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"])

_ONLY_SELECT = "Only a single SELECT is allowed: write one SELECT and nothing else."
_FIRST_WORD = (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN)
_QUERY = (exp.Select, exp.Union, exp.Intersect, exp.Except)
_ANY_ARGUMENT = frozenset[type[exp.Expr]](
    (
        *(exp.Where, exp.Having, exp.Order, exp.Ordered, exp.Paren, exp.Tuple, exp.Distinct, exp.From),
        *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Between),
        *(exp.Like, exp.ILike, exp.Exists, exp.Case, exp.If, exp.Boolean, exp.Null, exp.Literal, exp.Alias),
        *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.Interval, exp.Var, exp.Identifier),
        *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Coalesce, exp.Nullif, exp.Abs, exp.Round),
        *(exp.Lower, exp.Upper, exp.Length, exp.Substring, exp.Trim),
        *(exp.Date, exp.Datetime, exp.TimeToStr, exp.TsOrDsToTimestamp, exp.TsOrDsToDate, exp.StrToTime),
        *(exp.CurrentDate, exp.CurrentTimestamp, exp.Extract, exp.TimestampTrunc, exp.DataTypeParam),
    )
)
_SET_OPERATION = frozenset({"this", "expression", "distinct", "order", "limit", "offset", "with_"})
_ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        ["expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_"]
    ),
    exp.Union: _SET_OPERATION,
    exp.Intersect: _SET_OPERATION,
    exp.Except: _SET_OPERATION,
    exp.Subquery: frozenset({"this", "alias"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.Table: frozenset({"this", "alias"}),
    exp.TableAlias: frozenset({"this"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.Group: frozenset({"expressions"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Star: frozenset(),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
}
_FUNCTIONS = {
    "sqlite": frozenset({"julianday", "time", "date", "datetime", "strftime", "ifnull"}),
    "postgres": frozenset({"now", "age", "to_char", "date_trunc"}),
}
_TYPES = frozenset(
    [
        *("INT", "BIGINT", "SMALLINT", "TEXT", "VARCHAR", "DECIMAL", "DOUBLE", "FLOAT"),
        *("DATE", "TIMESTAMP", "TIMESTAMPTZ", "BOOLEAN"),
    ]
)


class QueryRefused(ShopError):
    """The statement is not one that may be run; the message says what to write instead."""


def parse_select(sql: str, dialect: str) -> exp.Query:
    """The tree of the one SELECT in `sql`, made of allowed parts only.

    Raises:
        QueryRefused: it is not one SELECT, or has a part that is not allowed.
    """
    tree = _parse(sql, dialect)
    if not isinstance(tree, _QUERY):
        raise QueryRefused(_ONLY_SELECT)
    for node in tree.walk():
        _check_node(node, dialect)
    _check_amounts(tree)
    return tree


def _parse(sql: str, dialect: str) -> exp.Expr | None:
    if len(sql) > MAX_LENGTH:
        raise QueryRefused(f"The query has {len(sql)} characters: write one of at most {MAX_LENGTH}.")
    if _UNPRINTABLE.search(sql):
        raise QueryRefused("The query holds a control character: write plain text.")
    try:
        _check_tokens(sqlglot.tokenize(sql, read=dialect))
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    except SqlglotError as error:
        words = str(error).splitlines()[0][:120]
        raise QueryRefused(f"The query is not understood ({words}): write one plain SELECT.") from None
    except RecursionError:
        raise QueryRefused("The query is nested too deeply: write a simpler SELECT.") from None
    if len(trees) != 1:
        raise QueryRefused(f"The query holds {len(trees)} statements: write exactly one SELECT.")
    return trees[0]


def _check_tokens(tokens: list[Token]) -> None:
    # Databases differ in what a comment is, so none gets as far as a tree.
    if any(token.comments for token in tokens):
        raise QueryRefused("Comments are not allowed: leave them out.")
    if not tokens or tokens[0].token_type not in _FIRST_WORD:
        raise QueryRefused(_ONLY_SELECT)


def _check_node(node: exp.Expr, dialect: str) -> None:
    kind = type(node)
    if kind not in _ANY_ARGUMENT and kind not in _ARGUMENTS:
        raise QueryRefused(f"{_name(node)} is not allowed: use plain columns, joins, conditions and aggregates.")
    for name, value in node.args.items():
        if value and kind in _ARGUMENTS and name not in _arguments(node):
            raise QueryRefused(f"{name.strip('_').upper()} is not allowed in {_name(node)}: leave it out.")
        if (
            isinstance(value, str)
            and not isinstance(node, exp.Literal | exp.Identifier)
            and not _WORDS.fullmatch(value)
        ):
            raise QueryRefused(f"{value[:60]!r} is not allowed: use plain words.")
    _check_value(node, dialect)


def _arguments(node: exp.Expr) -> frozenset[str]:
    allowed = _ARGUMENTS[type(node)]
    renames = isinstance(node, exp.TableAlias) and isinstance(node.parent, exp.CTE)
    return allowed | {"columns"} if renames else allowed


def _check_value(node: exp.Expr, dialect: str) -> None:
    if isinstance(node, exp.Identifier):
        _check_identifier(node)
    elif isinstance(node, exp.Literal) and not node.is_string and not _NUMBER.fullmatch(node.name):
        raise QueryRefused(f"{node.name[:60]!r} is not a number that is allowed: write digits.")
    elif isinstance(node, exp.Anonymous) and node.name.lower() not in _FUNCTIONS[dialect]:
        raise QueryRefused(f"The function {node.name[:60]!r} is not allowed: use count, sum, avg, min or max.")
    elif isinstance(node, exp.Trim) and not _is_short(node.expression):
        raise QueryRefused(f"TRIM takes at most {MAX_TRIMMED} plain characters: write them in quotes, or none.")
    elif isinstance(node, exp.DataType) and getattr(node.this, "name", "") not in _TYPES:
        raise QueryRefused(f"The type {node.sql()[:60]} is not allowed: use text, integer, numeric or timestamp.")
    elif isinstance(node, exp.Limit | exp.Offset) and not _is_count(node.expression):
        raise QueryRefused("LIMIT and OFFSET take a whole number: write one.")


def _is_short(node: exp.Expr | None) -> bool:
    return not node or (isinstance(node, exp.Literal) and len(node.name) <= MAX_TRIMMED)


def _is_count(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_int


def _check_identifier(node: exp.Identifier) -> None:
    if node.quoted:
        raise QueryRefused(f"The quoted name {node.name[:60]!r} is not allowed: write names without quotes.")
    if not _WORD.fullmatch(node.name) or node.name.lower() in _SYSTEM_COLUMNS:
        raise QueryRefused(f"The name {node.name[:60]!r} is not allowed: use the columns of the tables.")
    node.set("this", node.name.lower())


def _check_amounts(tree: exp.Query) -> None:
    amounts = Counter(type(node) for node in tree.walk())
    if amounts[exp.Join] > MAX_JOINS:
        raise QueryRefused(f"The query joins {amounts[exp.Join]} times: join at most {MAX_JOINS} times.")
    if amounts[exp.DPipe] > MAX_CONCATENATIONS:
        raise QueryRefused(f"The query joins texts {amounts[exp.DPipe]} times: at most {MAX_CONCATENATIONS}.")
    if any(block.parent is not tree for block in tree.find_all(exp.With)):
        raise QueryRefused("WITH is allowed at the beginning only: put every named query there.")
    if _written_out(tree) > MAX_SELECTS:
        raise QueryRefused(f"The query uses its WITH queries too often: at most {MAX_SELECTS} SELECTs, written out.")


def _named(tree: exp.Query) -> list[exp.CTE]:
    block = tree.args.get("with_")
    return block.expressions if block else []


def _written_out(tree: exp.Query) -> int:
    """How many SELECTs the statement has with its named queries written out; each may use those before it."""
    sizes: dict[str, int] = {}
    for query in [*_named(tree), tree]:
        inside = [node for node in query.walk(prune=lambda node: isinstance(node, exp.With)) if node is not query]
        selects = sum(isinstance(node, exp.Select) for node in [*inside, query])
        used = sum(sizes.get(node.name.lower(), 0) for node in inside if isinstance(node, exp.Table))
        sizes[query.alias.lower() if isinstance(query, exp.CTE) else ""] = selects + used
    return sizes[""]


def _name(node: exp.Expr) -> str:
    return node.key.upper()
