"""Every prompt, reply wording and business phrase, as files that a shop can edit, and their loader.

A program with agents of its own adds its folder with `add_prompts`. Whoever runs it names a folder with
`override_prompts`, whose files win over all others, path by path, so that one wording can be changed without copying
the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopbot.errors import AgentError
from shopbot.yaml_text import read_yaml_text

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_HERE = Path(__file__).parent
_added: list[Path] = []
_overrides: list[Path] = []


class PromptError(AgentError):
    """A prompt file is missing or cannot be read; the message names the file."""


def add_prompts(folder: Path) -> None:
    """Look for prompts in `folder` too, before the shipped ones: for the templates of a program's own agents."""
    if folder not in _added:
        _added.insert(0, folder)


def override_prompts(folder: Path) -> Callable[[], None]:
    """Look for prompts in `folder` before anywhere else, in the whole process; returns what undoes it."""
    _overrides.insert(0, folder)
    return lambda: _overrides.remove(folder)


def find_prompt(path: str) -> Path:
    """The file for `path` (relative, with forward slashes): the shop's own if it has one, else the shipped one.

    Raises:
        PromptError: there is neither.
    """
    for folder in _folders():
        if (folder / path).is_file():
            return folder / path
    raise PromptError(f"The prompt {path!r} is not in {' or '.join(map(str, _folders()))}: restore it or reinstall.")


def load_text(path: str) -> str:
    """The text of a prompt file."""
    return find_prompt(path).read_text(encoding="utf-8")


def load_data(path: str) -> Any:
    """The content of a YAML prompt file, read once.

    Raises:
        PromptError: the file is not YAML; the message names it and the line.
    """
    return _read_yaml(path, _folders())


def says(key: str) -> Any:
    """A wording of the agent's own, from `agent/says.yaml`."""
    return load_data("agent/says.yaml")[key]


@lru_cache(maxsize=256)
def _read_yaml(path: str, folders: tuple[Path, ...]) -> Any:
    import yaml

    try:
        return read_yaml_text(load_text(path))
    except yaml.YAMLError as error:
        raise PromptError(f"{find_prompt(path)} is not valid YAML: {error}") from None


def render(path: str, **values: Any) -> str:
    """A Jinja template filled with `values`; unknown names are errors, `money` and `day` are filters.

    Values are data: they are inserted as text and never read as a template.
    """
    return _template(path, _folders()).render(**values).strip()


def exists(path: str) -> bool:
    """Whether there is such a prompt file."""
    return _exists(path, _folders())


def _folders() -> tuple[Path, ...]:
    return (*_overrides, *_added, _HERE)


@lru_cache(maxsize=256)
def _exists(path: str, folders: tuple[Path, ...]) -> bool:
    return any((folder / path).is_file() for folder in folders)


@lru_cache(maxsize=256)
def _template(path: str, folders: tuple[Path, ...]) -> Template:
    return _environment(folders).get_template(path)


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters.update(money=_money, day=_day)
    return environment


def _money(cents: int) -> str:
    """5990 -> $59.90."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def _day(iso: str | None) -> str:
    """2026-11-15T09:30:00+00:00 -> November 15, 2026."""
    from datetime import datetime

    if not iso:
        return "an unknown day"
    moment = datetime.fromisoformat(iso)
    return f"{moment:%B} {moment.day}, {moment.year}"
