"""How a turn looks in a terminal: the reply, and with `trace` the plan, thoughts, actions and observations before it.

Whoever wrote a text (a customer, a model, an order's note), a terminal obeys nothing in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from agents.turn import Taken, Turn
from apps.readable import readable

OBSERVATION_SHOWN = 400


def show_turn(console: Console, turn: Turn, *, trace: bool) -> None:
    """Print one turn; the customer's own words are on the screen already."""
    if trace:
        for action in turn.actions:
            _show_action(console, action)
        if turn.thought:
            console.print(_labelled("thought", turn.thought, "magenta"))
        if turn.plan:
            console.print(_labelled("plan", plan_line(turn.plan), "blue"))
    console.print(Panel(_reply(turn), title="ShopBot", title_align="left", border_style="green"))


def plan_line(plan: Iterable[Mapping[str, Any]]) -> Text:
    """The plan on one line, its finished steps ticked."""
    line = Text()
    for step in plan:
        mark, style = ("✓ ", "green") if step["done"] else ("○ ", "dim")
        line.append(mark + str(step["step"]) + "   ", style=style)
    return line


def _show_action(console: Console, action: Taken) -> None:
    if action.thought:
        console.print(_labelled("thought", action.thought, "magenta"))
    call = f"{action.name}({', '.join(f'{k}={json.dumps(v, ensure_ascii=False)}' for k, v in action.args.items())})"
    console.print(_labelled("action", call, "cyan"))
    seen = action.observation
    seen = seen if len(seen) <= OBSERVATION_SHOWN else seen[:OBSERVATION_SHOWN] + " …"
    console.print(_labelled("observation", seen, "yellow" if action.status == "ok" else "red"))


def _labelled(label: str, content: str | Text, style: str) -> Text:
    text = Text(f"{label:>12}  ", style=f"bold {style}")
    text.append_text(content if isinstance(content, Text) else Text(readable(content), style="default"))
    return text


def _reply(turn: Turn) -> Group:
    """The reply, and the source of each passage that it cites."""
    sources = [Text(readable(f"[{citation['key']}] {citation['source']}"), style="dim") for citation in turn.citations]
    return Group(Text(readable(turn.reply)), *([Text("")] if sources else []), *sources)
