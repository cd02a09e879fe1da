"""Where optimising commands read and write when nothing is named: the data folder."""

from __future__ import annotations

from pathlib import Path


def traces_at(given: Path | None, data: Path | None) -> Path:
    """The file of decisions: as typed, else the one that is recorded to (SHOPBOT_TRACES), else in the data folder."""
    from shopbot.shop.settings import load_settings

    if given is not None:
        return given
    settings = load_settings(data=data)
    return settings.traces or settings.data / "traces.jsonl.gz"


def place_of(given: Path | None, data: Path | None, place: str) -> Path:
    """The file or folder to write: as typed, else this place in the data folder."""
    from shopbot.shop.settings import load_settings

    return given if given is not None else load_settings(data=data).data / place
