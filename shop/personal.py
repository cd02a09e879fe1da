"""What the database holds about a customer, as values that must not be written anywhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, String, Table, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Base, Order, Return
from shopbot.shop.errors import ShopError

_TABLES = Base.metadata.tables
_OF_CUSTOMER = ((_TABLES["customers"], "id"), (_TABLES["orders"], "customer_id"))
_OF_ORDER = (_TABLES["order_items"], _TABLES["returns"])
_OF_RETURN = (_TABLES["labels"], _TABLES["outbox"])
_SHORTEST = 4
_STATUSES = frozenset(
    ["processing", "shipped", "delivered", "cancelled", "requested", "labelled", "emailed", "received", "refunded"]
)


def personal_values(database: Engine, customer_id: int) -> set[str]:
    """Every text about the customer, their orders, returns, labels and mails; empty when it cannot be read."""
    orders = select(Order.order_number).where(Order.customer_id == customer_id)
    returns = select(Return.id).where(Return.order_number.in_(orders))
    wanted = [_texts_of(table, table.c[column] == customer_id) for table, column in _OF_CUSTOMER]
    wanted += [_texts_of(table, table.c.order_number.in_(orders)) for table in _OF_ORDER]
    wanted += [_texts_of(table, table.c.return_id.in_(returns)) for table in _OF_RETURN]
    try:
        with Session(database) as session:
            texts = {text for one in wanted for row in session.execute(one) for text in row if text}
    except (SQLAlchemyError, ShopError):
        return set()
    return {text for text in texts if len(text) >= _SHORTEST and text not in _STATUSES}


def _texts_of(table: Table, whose: ColumnElement[bool]) -> Select[Any]:
    return select(*(column for column in table.c if isinstance(column.type, String))).where(whose)
