"""Where optimising commands read and write when nothing is named: the data folder."""

from __future__ import annotations

from pathlib import Path

from shopbot.apps.settings import command_settings


def traces_at(given: Path | None, data: Path | None) -> Path:
    """The file of decisions: as typed, else the one that is recorded to (SHOPBOT_TRACES), else in the data folder."""
    settings = command_settings(data=data)
    return given or settings.traces or settings.data / "traces.jsonl.gz"


def place_of(given: Path | None, data: Path | None, place: str) -> Path:
    """The file or folder to write: as typed, else this place in the data folder."""
    return given or command_settings(data=data).data / place
