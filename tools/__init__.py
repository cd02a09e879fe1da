"""Actions, one file each; `shopbot.tools.action` is their contract."""

from shopbot.tools.action import Action, ActionError, Call, Citation, Observation, Source, action

__all__ = ["Action", "ActionError", "Call", "Citation", "Observation", "Source", "action"]
