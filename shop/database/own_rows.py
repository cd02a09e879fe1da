"""Limits a checked SELECT to the rows of one customer, whatever its conditions say.

Every table it names becomes a view of that customer's rows, written here and put in front of the statement. The
views are materialised: a fence that keeps the statement's own conditions away from anybody else's rows, which
could otherwise show in an error message or in the time it takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from shopbot.shop.database.models import Base
from shopbot.shop.database.select_grammar import QueryRefused

_OWN = {
    "customers": "id = {customer}",
    "orders": "customer_id = {customer}",
    "order_items": "order_number IN (SELECT order_number FROM own_orders)",
    "returns": "order_number IN (SELECT order_number FROM own_orders)",
    "return_items": "return_id IN (SELECT id FROM own_returns)",
    "labels": "return_id IN (SELECT id FROM own_returns)",
}
"""Table -> the condition that makes a row the customer's."""
TABLES = tuple(_OWN)
COLUMNS = {table: tuple(Base.metadata.tables[table].columns.keys()) for table in TABLES}
PREFIXES = ("own_", "with_")
"""Of a customer's view of a table, and of a query that the statement itself names."""
_PARAMETER = {"sqlite": ":customer_id", "postgres": "%(customer_id)s"}


def limited_to_customer(tree: exp.Query, dialect: str) -> str:
    """SQL of the same SELECT over one customer's rows; it takes the parameter `customer_id`.

    Raises:
        QueryRefused: it names a table or column that is not the shop's, or reads itself.
    """
    _check_columns(tree)
    _rename_tables(tree)
    own = tree.args.get("with_")
    names = [_sql(cte, dialect) for cte in own.expressions] if own else []
    tree.set("with_", None)
    return f"WITH {', '.join([*_views(dialect), *names])} {_sql(tree, dialect)}"


def _views(dialect: str) -> Iterator[str]:
    for table, condition in _OWN.items():
        columns = ", ".join(f'"{column}"' for column in COLUMNS[table])
        where = condition.format(customer=_PARAMETER[dialect])
        yield f"own_{table} AS MATERIALIZED (SELECT {columns} FROM {table} WHERE {where})"  # noqa: S608


def _sql(node: exp.Expr, dialect: str) -> str:
    try:
        text = node.sql(dialect=dialect, comments=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise QueryRefused(f"The query cannot be run here ({error}): write it in another way.") from None
    except RecursionError:
        raise QueryRefused("The query is nested too deeply: write a simpler SELECT.") from None
    # psycopg reads %(name)s anywhere in a statement, and %% as a percent sign.
    return text.replace("%", "%%") if dialect == "postgres" else text


def _check_columns(tree: exp.Query) -> None:
    known = {column for columns in COLUMNS.values() for column in columns} | _given_names(tree)
    for column in tree.find_all(exp.Column):
        if not isinstance(column.this, exp.Star) and column.name not in known:
            raise QueryRefused(f"There is no column {column.name!r}: use the columns of {', '.join(TABLES)}.")


def _given_names(tree: exp.Query) -> set[str]:
    names = {alias.alias for alias in tree.find_all(exp.Alias)}
    return names | {column.name for alias in tree.find_all(exp.TableAlias) for column in alias.columns}


def _rename_tables(tree: exp.Query) -> None:
    named = _named_queries(tree)
    for table in list(tree.find_all(exp.Table)):
        name = table.name
        if name not in named and name not in TABLES:
            raise QueryRefused(f"There is no table {name!r}: use {', '.join(TABLES)}.")
        # A name of its own for each kind: a named query that is out of its scope can never mean a real table.
        table.set("this", exp.to_identifier(f"{'with' if name in named else 'own'}_{name}"))
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))


def _named_queries(tree: exp.Query) -> set[str]:
    names: set[str] = set()
    for block in tree.find_all(exp.With):
        for position, query in enumerate(block.expressions):
            later = {other.alias for other in block.expressions[position:]}
            if query.alias in names or query.alias in TABLES:
                raise QueryRefused(f"The name {query.alias!r} is taken: give the WITH query another one.")
            if any(table.name in later for table in query.find_all(exp.Table)):
                raise QueryRefused(f"The WITH query {query.alias!r} reads itself or a later one: reorder them.")
            names.add(query.alias)
    for query in tree.find_all(exp.CTE):
        query.args["alias"].set("this", exp.to_identifier(f"with_{query.alias}"))
    return names
