"""The tables of settings, from the fields of `Settings` and of the server's."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings


def settings_table() -> str:
    """One row for each `SHOPBOT_*` variable that `Settings` reads: name, default, what it sets."""
    from shopbot.shop.settings import Settings

    return _table(Settings)


def serve_settings_table() -> str:
    """The same for what `shopbot serve` reads besides."""
    from shopbot.apps.serve.settings import ServeSettings

    return _table(ServeSettings)


def _table(settings: type[BaseSettings]) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    rows = [
        f"| `{(prefix + name).upper()}` | {_default(field)} | {_cell(field.description or '')} |"
        for name, field in settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | what it sets |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, ""):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
