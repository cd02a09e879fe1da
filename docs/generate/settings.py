"""The table of settings, from the fields of `Settings`."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo


def settings_table() -> str:
    """One row for each `SHOPBOT_*` variable that `Settings` reads: name, default, what it sets."""
    from shopbot.shop.settings import Settings

    prefix = Settings.model_config.get("env_prefix", "")
    rows = [
        f"| `{(prefix + name).upper()}` | {_default(field)} | {_cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | what it sets |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
