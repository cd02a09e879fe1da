"""Actions, one file each; `tools.action` is their contract."""

from tools.action import Action, Call, Citation, Observation, Source, action

__all__ = ["Action", "Call", "Citation", "Observation", "Source", "action"]
