"""`shopbot chat`: the conversation typed by hand."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from shopbot.apps.readable import readable
from shopbot.apps.session import Conversation, open_conversation
from shopbot.apps.settings import follow_up
from shopbot.apps.show import show_turn
from shopbot.apps.terminal import is_text, open_console
from shopbot.apps.warming import warming
from shopbot.errors import AgentError
from shopbot.prompts import render


def run_chat(*, data: Path | None, engine: str | None, thread: str, trace: bool) -> int:
    """Talk until Ctrl-D; returns the exit code."""
    console = open_console()
    with open_conversation(data, engine, thread) as conversation, warming(conversation):
        resumed = conversation.length > 0
        console.print(render("shopbot/welcome.j2", shop=conversation.shop.profile, resumed=resumed), style="bold")
        unfinished = conversation.finish_interrupted_turn()
        if unfinished:
            show_turn(console, unfinished, trace=trace)
        with suppress(KeyboardInterrupt):  # Ctrl-C leaves as Ctrl-D does; a reply cut short is finished on return
            _talk(console, conversation, trace)
        again = follow_up("chat", data, "--thread", conversation.thread)
        farewell = f"\nGoodbye. To come back to this conversation: {again}"
        console.print(readable(farewell), markup=False)
    return 0


def _talk(console: Console, conversation: Conversation, trace: bool) -> None:
    while (message := _next_message(console)) is not None:
        if not is_text(message):
            console.print("That line is not UTF-8 text; please type it again.", style="yellow")
            continue
        try:
            answer = conversation.say(message)
        except AgentError as refusal:
            console.print(str(refusal), style="yellow", markup=False)
            continue
        show_turn(console, answer.turn, trace=trace)


def _next_message(console: Console) -> str | None:
    """What the customer types next; None when they leave."""
    try:
        message = console.input("[bold]You:[/bold] ")
    except EOFError:
        return None
    if not sys.stdin.isatty():
        console.print(readable(message), markup=False)
    return message
