"""The question that an action asks before it runs: a template among the prompts, or the sentence itself.

`confirm="book"` is the template `confirm/book.j2`; `confirm="Shall I book {args.slot}?"`, with a blank in it, is the
question, in which `args` are the arguments and `facts` what is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from string import Formatter
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

from shopbot.prompts import render
from shopbot.tools.arguments import as_typed


def is_inline(confirm: str) -> bool:
    """Whether it is the question itself and no template's name."""
    return " " in confirm


def question_of(
    confirm: str,
    model: type[BaseModel],
    args: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    again: bool = False,
    deed: str = "",
) -> str:
    """The question in words. `model`: what the arguments are; `again`: it is put once more; `deed`: what a yes does."""
    if not is_inline(confirm):
        return render(f"confirm/{confirm}.j2", facts=facts, args=args, again=again, deed=deed)
    typed = as_typed(args, model)
    shown = {name: value.value if isinstance(value, Enum) else value for name, value in typed.items()}
    return confirm.format(args=SimpleNamespace(**shown), facts=SimpleNamespace(**facts))


def names_in(confirm: str) -> Iterator[tuple[str, str]]:
    """What an inline question refers to: ("args", "slot") for `{args.slot}`.

    Raises:
        ValueError: a brace without its partner.
    """
    for _, field, _, _ in Formatter().parse(confirm):
        if field is not None:
            origin, _, name = field.partition(".")
            yield origin, name.partition(".")[0].partition("[")[0]
