"""`shopbot chat`: the conversation typed by hand."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from apps.session import Conversation, MessageRefused, open_conversation
from apps.show import show_turn
from prompts import render


def run_chat(*, data: Path | None, engine: str | None, thread: str, trace: bool) -> int:
    """Talk until Ctrl-D; returns the exit code."""
    console = Console(highlight=False)
    with open_conversation(data, engine, thread) as conversation:
        resumed = conversation.length > 0
        console.print(render("shopbot/welcome.j2", shop=conversation.shop.profile, resumed=resumed), style="bold")
        unfinished = conversation.finish_interrupted_turn()
        if unfinished:
            show_turn(console, unfinished, trace=trace)
        _talk(console, conversation, trace)
        console.print(f"\nGoodbye. To come back to this conversation: shopbot chat --thread {conversation.thread}")
    return 0


def _talk(console: Console, conversation: Conversation, trace: bool) -> None:
    while True:
        try:
            message = console.input("[bold]You:[/bold] ")
        except (EOFError, KeyboardInterrupt):
            return
        except UnicodeDecodeError:
            console.print("That line is not UTF-8 text; please type it again.", style="yellow")
            continue
        if not sys.stdin.isatty():
            console.print(message, markup=False)
        try:
            answer = conversation.say(message)
        except MessageRefused as refusal:
            console.print(str(refusal), style="yellow")
            continue
        show_turn(console, answer.turn, trace=trace)
