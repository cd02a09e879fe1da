"""A SQL agent after LangChain's tutorial "Build a SQL agent", and what changes with the gate.

Tutorial: https://docs.langchain.com/oss/python/langchain/sql-agent (rewritten, over the standard library's SQLite).
There the prompt asks the model to look at the schema first and to change nothing unasked; with the gate both are
enforced.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import BaseTool, tool

from shopbot.agents import Gate

PROMPT = """You answer questions about a database. Look at its tables first, then at the schema of those you need.
Check a query before you run it. Change data only if you are asked to, and ask before you do."""


def sql_tools(database: sqlite3.Connection) -> list[BaseTool]:
    """The tutorial's tools over one database."""

    @tool
    def list_tables() -> str:
        """List the tables."""
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return ", ".join(name for (name,) in found)

    @tool
    def show_schema(table: str) -> str:
        """Show how a table is made."""
        found = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        return str(found[0]) if found else f"there is no table {table}"

    @tool
    def run_query(query: str) -> str:
        """Run a query and return its rows."""
        database.execute("PRAGMA query_only = ON")
        try:
            return str(database.execute(query).fetchall())
        finally:
            database.execute("PRAGMA query_only = OFF")

    @tool
    def change_data(statement: str) -> str:
        """Change data: insert, update or delete rows."""
        with database:
            return f"{database.execute(statement).rowcount} rows changed"

    return [list_tables, show_schema, run_query, change_data]


def without_gate(model: Any, database: sqlite3.Connection, **options: Any) -> Any:
    """The tutorial's agent."""
    return create_agent(model, sql_tools(database), system_prompt=PROMPT, **options)


# What changes: contracts for the tools, and the gate among the middlewares.
CONTRACTS: dict[str, Any] = {
    "list_tables": {"effect": "read", "gives": ["tables"]},
    "show_schema": {"effect": "read", "needs": ["tables"], "gives": ["schema"], "sources": {"table": "observation"}},
    "run_query": {"effect": "read", "needs": ["schema"], "sources": {"query": "engine"}},
    "change_data": {
        "effect": "write",
        "needs": ["schema"],
        "sources": {"statement": "engine"},
        "confirm": "Shall I run this: {args.statement}? Please answer yes or no.",
    },
}


def with_gate(model: Any, database: sqlite3.Connection, **options: Any) -> Any:
    """The same agent: no query before a schema was seen, no change without a yes."""
    tools = sql_tools(database)
    return create_agent(model, tools, system_prompt=PROMPT, middleware=[Gate(CONTRACTS, tools)], **options)
