"""A conversation's transcript by e-mail: to the address on the order that was verified in it, and to no other.

Whoever may name an address could have the shop write to anybody, in words of their own.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopbot.apps.serve.api import own_conversation
from shopbot.apps.serve.mail_writing import own_address, transcript
from shopbot.apps.serve.problems import Problem
from shopbot.apps.serve.server import Server, wording
from shopbot.prompts import load_data

EVERYTHING = 10_000


async def mail_transcript(request: Request) -> Response:
    """Send what was said so far; once, however often it is asked for."""
    from shopbot.shop.errors import MailError
    from shopbot.shop.mail import open_mailer

    server, conversation, caller = await own_conversation(request)
    server.limit(request, caller)
    address = await _verified_address(server, conversation.id)
    entries = await asyncio.to_thread(server.store.entries, conversation.id, 0, EVERYTHING)
    texts = wording(server)
    speakers = {"customer": texts["you"], "bot": texts["bot"], "staff": texts["staff"], "notice": "–"}
    message = transcript(entries, address, own_address(server), speakers)
    if await asyncio.to_thread(server.letters.keep, message["Message-ID"], conversation.id, seq=entries[-1].seq):
        try:
            await asyncio.to_thread(open_mailer(server.settings).send, message)
        except MailError:
            await asyncio.to_thread(server.letters.forget, message["Message-ID"])
            raise Problem(503, load_data("serve/mail.yaml")["not_sent"], {"Retry-After": "30"}) from None
    return JSONResponse({"recipient": _masked(address)}, 202)


async def _verified_address(server: Server, conversation: str) -> str:
    """The address that was found on the customer's order.

    Raises:
        Problem: none was, yet.
    """
    agent = (await server.served).agent
    facts = (await agent.aget_state({"configurable": {"thread_id": conversation}})).values.get("facts") or {}
    if not facts.get("customer") or not facts.get("email"):
        raise Problem(409, load_data("serve/mail.yaml")["no_address"])
    return str(facts["email"])


def _masked(address: str) -> str:
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"
