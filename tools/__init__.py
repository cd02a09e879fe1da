"""Actions, one file each; `tools.action` is their contract."""

from tools.action import Action, ActionError, Call, Citation, Observation, Source, action

__all__ = ["Action", "ActionError", "Call", "Citation", "Observation", "Source", "action"]
