"""How a turn looks in a terminal: the reply, and with `trace` the plan, thoughts, actions and observations before it.

Whoever wrote a text (a customer, a model, an order's note), a terminal obeys nothing in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shopbot.agents.turn import ActionRecord, Turn
from shopbot.apps.readable import readable

OBSERVATION_SHOWN = 400
LABEL_WIDTH = 11


def show_turn(console: Console, turn: Turn, *, trace: bool) -> None:
    """Print one turn; the customer's own words are on the screen already."""
    if trace:
        for action in turn.actions:
            _show_action(console, action)
        if turn.thought:
            console.print(_labelled("thought", turn.thought, "magenta"))
        if turn.plan:
            console.print(_labelled("plan", plan_steps(turn.plan), "blue"))
    console.print(Panel(_reply(turn), title="ShopBot", title_align="left", border_style="green"))


def plan_steps(plan: Iterable[Mapping[str, Any]]) -> Columns:
    """The steps of the plan side by side, the finished ones ticked."""
    marks = {True: ("✓ ", "green"), False: ("○ ", "dim")}
    return Columns(
        [Text(marks[bool(step["done"])][0] + str(step["step"]), style=marks[bool(step["done"])][1]) for step in plan],
        padding=(0, 2),
    )


def _show_action(console: Console, action: ActionRecord) -> None:
    if action.thought:
        console.print(_labelled("thought", action.thought, "magenta"))
    call = f"{action.name}({', '.join(f'{k}={json.dumps(v, ensure_ascii=False)}' for k, v in action.args.items())})"
    console.print(_labelled("action", call, "cyan"))
    seen = action.observation
    seen = seen if len(seen) <= OBSERVATION_SHOWN else seen[:OBSERVATION_SHOWN] + " …"
    console.print(_labelled("observation", seen, "yellow" if action.status == "ok" else "red"))


def _labelled(label: str, content: str | RenderableType, style: str) -> Table:
    """A label, and beside it the content on as many lines as it takes."""
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(width=LABEL_WIDTH, justify="right", style=f"bold {style}")
    row.add_column(ratio=1)
    row.add_row(label, Text(readable(content)) if isinstance(content, str) else content)
    return row


def _reply(turn: Turn) -> Group:
    """The reply, and the source of each passage that it cites."""
    sources = [Text(readable(f"[{citation['key']}] {citation['source']}"), style="dim") for citation in turn.citations]
    return Group(Text(readable(turn.reply)), *([Text("")] if sources else []), *sources)
