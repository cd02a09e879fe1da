"""The same return on PostgreSQL: orders, query and workflow in one server, by nothing but a URL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shopbot.apps.session import open_conversation_with
from shopbot.shop.database.connection import open_database
from shopbot.shop.database.models import Label, OutboxMail, Return
from shopbot.shop.demo.seed import build_demo
from shopbot.shop.settings import load_settings

MESSAGES = [
    "I'd like to return the jeans from order 123456, my e-mail is maria.lopez@example.com",
    "which orders do I have?",
    "yes",
    "yes, please",
]


def test_a_return_is_arranged_on_postgresql(fresh_postgres_url: str, shop_folder: Path) -> None:
    database = open_database(fresh_postgres_url)
    build_demo(database, datetime.now(UTC))
    settings = load_settings(data=shop_folder, database_url=fresh_postgres_url)
    with open_conversation_with(settings, "postgres") as conversation:
        replies = [conversation.say(message).turn for message in MESSAGES]
    assert any(action.name == "query_orders" and action.status == "ok" for action in replies[1].actions)
    with Session(database) as session:
        made = select(Return.id).where(Return.conversation == "postgres")
        assert session.scalar(select(func.count()).select_from(made.subquery())) == 1
        for table in (Label, OutboxMail):
            assert session.scalar(select(func.count()).where(table.return_id.in_(made))) == 1
    database.dispose()
