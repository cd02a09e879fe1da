"""ShopBot with a hosted model that a test scripts, and the thread it talks in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chat_server import ChatServer, Step
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Label, OutboxMail, Return
from shopbot.shop.shop import Shop

THREAD: Any = {"configurable": {"thread_id": "hosted"}}


@dataclass(frozen=True)
class Hosted:
    """ShopBot, the server that its model runs on, and the shop."""

    agent: Any
    server: ChatServer
    shop: Shop

    def say(self, words: str, *steps: Step) -> str:
        """What ShopBot replies when the model takes these steps."""
        self.server.steps += steps
        state = self.agent.invoke(said(words), THREAD)
        return str(state["messages"][-1].text)

    @property
    def written(self) -> tuple[int, int, int]:
        """How many returns, labels and letters there are."""
        with Session(self.shop.database) as session:
            counts = [session.scalar(select(func.count()).select_from(t)) for t in (Return, Label, OutboxMail)]
        return counts[0] or 0, counts[1] or 0, counts[2] or 0


def said(words: str) -> Any:
    """The customer's words as input of the agent."""
    return {"messages": [{"role": "user", "content": words}]}
