"""What an engine may be told beside its spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class EngineOptions:
    """What holds for every engine that one spec names; each takes what concerns it.

    Attributes:
        timeout_s: seconds to wait for a hosted model, or for the next piece of its stream.
        stream: hosted answers as streams: "auto" when somebody reads along, "on" always, "off" never.
        thresholds: the file of a cascade's thresholds, as `shopbot optimize cascade` writes it; None for the shipped
            one.
        models: the folder in which `llama:NAME` finds a local model; None leaves paths only.
    """

    timeout_s: float = 60.0
    stream: Literal["auto", "on", "off"] = "auto"
    thresholds: Path | None = None
    models: Path | None = None
