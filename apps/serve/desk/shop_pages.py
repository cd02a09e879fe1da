"""The shop's own pages: returns with label and mail, tickets, the rules, and the figures of the day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session as DatabaseSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shopbot.apps.serve.desk.figures import figures_of
from shopbot.apps.serve.desk.login import desk_page
from shopbot.apps.serve.desk_sessions import Session
from shopbot.apps.serve.policies import policy_texts
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import server_of
from shopbot.shop.database.models import OutboxMail, Return, Ticket
from shopbot.shop.rules import __path__ as rules_path
from shopbot.shop.shop import Shop

NEWEST = 200


async def show_returns(request: Request, session: Session) -> Response:
    """The newest returns, and how far each is."""
    shop = await _shop(request)
    rows = await asyncio.to_thread(_returns, shop) if shop else None
    return desk_page("returns", request, session, rows=rows)


async def retry(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Have a return that failed tried again: it counts as requested, and fulfilment takes it up within a minute."""
    shop = await _shop(request)
    if shop is None or not await asyncio.to_thread(_request_again, shop, request.path_params["return_id"]):
        raise Problem(409, "This return has not failed, or not any more.")
    return RedirectResponse("/desk/returns", 303)


async def show_tickets(request: Request, session: Session) -> Response:
    """The open tickets, the newest first."""
    shop = await _shop(request)
    rows = await asyncio.to_thread(_tickets, shop) if shop else None
    return desk_page("tickets", request, session, rows=rows)


async def close_ticket(request: Request, session: Session, fields: dict[str, str]) -> Response:
    """Note that a ticket is dealt with."""
    shop = await _shop(request)
    if shop is None or not await asyncio.to_thread(_close, shop, request.path_params["ticket"]):
        raise Problem(409, "This ticket is not open, or not any more.")
    return RedirectResponse("/desk/tickets", 303)


async def show_rules(request: Request, session: Session) -> Response:
    """The policies and the return rules, as the assistant has them."""
    shop = await _shop(request)
    if shop is None:
        return desk_page("rules", request, session, rules=None, policies=[])
    policies = list(policy_texts(shop.settings).items())
    rules = ((shop.settings.rules or Path(rules_path[0])) / "returns.yaml").read_text(encoding="utf-8")
    return desk_page("rules", request, session, rules=rules, policies=policies)


async def show_figures(request: Request, session: Session) -> Response:
    """What the last 24 hours were like."""
    now = datetime.now(UTC)
    since = (now - timedelta(hours=24)).isoformat()
    turns = await asyncio.to_thread(server_of(request).records.turns, None, since)
    return desk_page("figures", request, session, figures=figures_of(turns, now))


async def _shop(request: Request) -> Shop | None:
    desk = (await server_of(request).served).desk
    return desk.shop if desk else None


def _returns(shop: Shop) -> list[dict[str, Any]]:
    with DatabaseSession(shop.database) as session:
        found = session.scalars(select(Return).order_by(Return.id.desc()).limit(NEWEST)).all()
        ids = [each.id for each in found]
        mails = {m.return_id: m for m in session.scalars(select(OutboxMail).where(OutboxMail.return_id.in_(ids)))}
        return [_row(each, mails.get(each.id)) for each in found]


def _row(made: Return, mail: OutboxMail | None) -> dict[str, Any]:
    return {
        "id": made.id,
        "order_number": made.order_number,
        "status": made.status,
        "refund": f"${made.refund_total / 100:,.2f}",
        "conversation": made.conversation,
        "at": made.created_at,
        "tracking": made.label.tracking_code if made.label else "",
        "mail": mail and {"sent_at": mail.sent_at, "attempts": mail.attempts, "error": mail.last_error},
    }


def _request_again(shop: Shop, return_id: int) -> bool:
    failed = (Return.id == return_id) & (Return.status == "failed")
    with DatabaseSession(shop.database) as session, session.begin():
        return session.scalar(update(Return).where(failed).values(status="requested").returning(Return.id)) is not None


def _tickets(shop: Shop) -> list[Ticket]:
    with DatabaseSession(shop.database, expire_on_commit=False) as session:
        wanted = select(Ticket).where(Ticket.status == "open").order_by(Ticket.id.desc()).limit(NEWEST)
        found = list(session.scalars(wanted))
    seal = shop.settings.seal
    for each in found:
        each.reason, each.transcript = seal.plain(each.reason), seal.plain(each.transcript)
    return found


def _close(shop: Shop, ticket: int) -> bool:
    """A closed ticket gives its key free: the conversation's next one is a new ticket."""
    is_open = (Ticket.id == ticket) & (Ticket.status == "open")
    values = {"status": "closed", "key": f"closed:{ticket}"}
    with DatabaseSession(shop.database) as session, session.begin():
        return session.scalar(update(Ticket).where(is_open).values(values).returning(Ticket.id)) is not None
