"""A clinic's desk: it finds a patient and books a visit, after a yes. Tested without a key in `tests/dropin`."""

from examples.clinic.desk import ACTIONS, Clinic, create_desk

__all__ = ["ACTIONS", "Clinic", "create_desk"]
