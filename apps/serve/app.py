"""The ASGI application: which path leads where, and what every request passes on its way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route

from shopbot.apps.serve import agui, api, chatwoot, documentation, events, openai_api, pages, transcripts
from shopbot.apps.serve.desk import conversations, login, shop_pages
from shopbot.apps.serve.desk.login import staff_deed, staff_only
from shopbot.apps.serve.guard import Guard
from shopbot.apps.serve.mcp_http import McpEndpoint
from shopbot.apps.serve.problems import Problem, on_http_exception, on_problem, on_surprise
from shopbot.apps.serve.server import Server


def create_app(server: Server) -> Starlette:
    """The application over these parts; they run as long as it does."""

    mcp = McpEndpoint(server)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.courier = await stack.enter_async_context(chatwoot.open_courier(server))
            await stack.enter_async_context(server.running())
            await stack.enter_async_context(mcp.running())
            if server.mailbox is not None:
                from shopbot.apps.serve.mail_channel import open_mail_channel

                await stack.enter_async_context(open_mail_channel(server, server.mailbox))
            yield

    app = Starlette(
        routes=[
            Route("/", pages.chat),
            Route("/widget.js", pages.widget),
            Route("/static/{name}", pages.static),
            Route("/files/labels/{token}", pages.label),
            Route("/health", pages.health),
            Route("/ready", pages.ready),
            Route("/metrics", pages.metrics),
            Route("/v1/models", openai_api.list_models),
            Route("/v1/chat/completions", openai_api.complete, methods=["POST"]),
            Route("/agui", agui.run_agent, methods=["POST"]),
            Route("/mcp", mcp),
            Route("/hooks/chatwoot", chatwoot.take_webhook, methods=["POST"]),
            Mount("/desk", routes=_desk()),
            Mount("/api/v1", routes=api_routes(), middleware=[_cross_origin(server)]),
        ],
        middleware=[Middleware(Guard, hosts=server.serve.allowed_hosts(server.host), metrics=server.metrics)],
        exception_handlers={Problem: on_problem, HTTPException: on_http_exception, Exception: on_surprise},
        lifespan=lifespan,
    )
    app.state.server = server
    return app


def api_routes() -> list[Route]:
    """What is under /api/v1."""
    return [
        Route("/conversations", api.create_conversation, methods=["POST"]),
        Route("/conversations", api.list_conversations),
        Route("/conversations/{id}", api.show_conversation),
        Route("/conversations/{id}/messages", api.list_messages),
        Route("/conversations/{id}/messages", api.post_message, methods=["POST"]),
        Route("/conversations/{id}/events", events.stream_events),
        Route("/conversations/{id}/transcript", transcripts.mail_transcript, methods=["POST"]),
        Route("/conversations/{id}/labels/{return_id:int}", api.link_label, methods=["POST"]),
        Route("/wording", api.show_wording),
        Route("/openapi.json", documentation.openapi),
        Route("/docs", documentation.docs),
    ]


def _desk() -> list[Route]:
    one = "/conversations/{id}"
    return [
        Route("/", staff_only(conversations.list_conversations)),
        Route("/login", login.show_login),
        Route("/login", login.log_in, methods=["POST"]),
        Route("/logout", staff_deed(login.log_out), methods=["POST"]),
        Route(one, staff_only(conversations.show_conversation)),
        Route(f"{one}/events", staff_only(conversations.watch)),
        Route(f"{one}/take", staff_deed(conversations.take), methods=["POST"]),
        Route(f"{one}/give-back", staff_deed(conversations.give_back), methods=["POST"]),
        Route(f"{one}/say", staff_deed(conversations.say), methods=["POST"]),
        Route(f"{one}/decide", staff_deed(conversations.decide), methods=["POST"]),
        Route("/returns", staff_only(shop_pages.show_returns)),
        Route("/returns/{return_id:int}/retry", staff_deed(shop_pages.retry), methods=["POST"]),
        Route("/tickets", staff_only(shop_pages.show_tickets)),
        Route("/tickets/{ticket:int}/close", staff_deed(shop_pages.close_ticket), methods=["POST"]),
        Route("/figures", staff_only(shop_pages.show_figures)),
        Route("/rules", staff_only(shop_pages.show_rules)),
    ]


def _cross_origin(server: Server) -> Middleware:
    """Pages of the listed origins may use the API; no cookie is involved, so nothing is sent along unasked."""
    return Middleware(
        CORSMiddleware,
        allow_origins=sorted(server.serve.allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "idempotency-key", "last-event-id"],
        max_age=600,
    )
