"""`shopbot demo`: a customer's whole conversation, played through the real stack with the reasoning shown.

It lives in a shop of its own under the data folder, built afresh each time, so that the same return can be arranged
in every demonstration and nothing of the user's is touched.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from shopbot.apps.session import Conversation, open_conversation_with
from shopbot.apps.settings import command_settings
from shopbot.apps.show import show_turn
from shopbot.apps.terminal import open_console
from shopbot.apps.warming import warm_up
from shopbot.prompts import load_data
from shopbot.shop.database.models import Label, OutboxMail
from shopbot.shop.settings import Settings

DEMO_THREAD = "demo"


def run_demo(*, data: Path | None, engine: str | None, script: str) -> int:
    """Play `prompts/demo/SCRIPT.yaml`; returns the exit code: 0 when a label was e-mailed."""
    console = open_console()
    settings = _demo_settings(command_settings(data=data, engine=engine))
    _clear(settings.data)
    console.print("Opening the demo shop ...", style="dim")
    with open_conversation_with(settings, DEMO_THREAD) as conversation:
        warm_up(conversation)
        times = []
        for message in load_data(f"demo/{script}.yaml"):
            console.print(Rule(style="dim"))
            console.print(f"[bold]You:[/bold] {message}")
            answer = conversation.say(message)
            show_turn(console, answer.turn, trace=True)
            times.append(answer.ms)
        console.print(Rule(style="dim"))
        return _show_results(console, conversation, sorted(times)[len(times) // 2])


def _clear(folder: Path) -> None:
    """Remove the last demonstration; the index of the policies stays, because it says the same every time."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir() and entry.name != "policies":
            shutil.rmtree(entry)
        elif entry.is_file():
            entry.unlink()


def _demo_settings(settings: Settings) -> Settings:
    """The same settings, but for a database, a carrier and a mail server that cost or reach nobody."""
    own = dict.fromkeys(("database_url", "fulfilment_url", "easypost_api_key", "carrier_url", "smtp_url"))
    return settings.model_copy(update={**own, "data": settings.data / "demo"})


def _show_results(console: Console, conversation: Conversation, median_ms: float) -> int:
    """Where the label and the e-mail lie, as the database has them."""
    shop = conversation.shop
    with Session(shop.database) as session:
        label = session.scalar(select(Label).order_by(Label.id.desc()))
        sent = select(OutboxMail).where(OutboxMail.return_id == (label.return_id if label else None))
        mail = session.scalar(sent)
    if label is None or mail is None or mail.sent_at is None:
        console.print("No label was e-mailed.", style="red")
        return 1
    letter = _letter(shop.settings.data / "mail", mail.message_id)
    console.print(f"Label:   {shop.settings.data / label.file}", soft_wrap=True)
    console.print(f"E-mail:  {letter or 'sent to ' + mail.recipient}", soft_wrap=True)
    console.print(f"Reasoned with {conversation.engine}; {median_ms:.0f} ms a reply (median).")
    console.print(f"To talk to it in a browser: {sys.argv[0]} serve, then http://127.0.0.1:8000/", soft_wrap=True)
    return 0


def _letter(maildir: Path, message_id: str) -> Path | None:
    """The file of the e-mail, when mail goes to the local maildir."""
    files = (path for path in maildir.rglob("*") if path.is_file())
    return next((path for path in files if message_id.encode() in path.read_bytes()), None)
