"""Plain replies from recorded ones: what was said when things stood most like this. Standard library only.

Where a recorded reply repeated the newest observation, the observation of the moment takes its place, so that a reply
learned over one book or order serves for another. It words nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shopbot.engines.learned.tfidf import TfidfIndex
from shopbot.engines.recording.trace_format import ACTION_MARK, Trace

_OBSERVATION = "{observation}"
_MOST = 400
_SHORTEST = 3
"""An observation of fewer characters is in many replies by chance."""

Context = Sequence[tuple[str, str]]


class Replies:
    """Recorded replies by the situation in which they were given."""

    def __init__(self, situations: TfidfIndex) -> None:
        self._situations = situations

    @classmethod
    def collect(cls, traces: Iterable[Trace]) -> Replies:
        """The replies of those traces that chose to reply, of equal situations the first; the first 400."""
        found: dict[str, str] = {}
        for trace in traces:
            if trace.choice is None and trace.reply:
                found.setdefault(_situation(trace.context), _template(trace))
        return cls(TfidfIndex(list(found.items())[:_MOST]))

    @classmethod
    def read(cls, entries: Sequence[Sequence[str]]) -> Replies:
        """What `as_json` wrote."""
        return cls(TfidfIndex.from_json(entries))

    def as_json(self) -> list[list[str]]:
        """The replies as JSON can hold them."""
        return self._situations.as_json()

    def reply(self, context: Context) -> str:
        """What to say now; the newest observation of this turn if nothing recorded fits, or ""."""
        observation = _observation(context)
        nearest = self._situations.nearest(_situation(context))
        if nearest is None or (_OBSERVATION in nearest[0] and not observation):
            return observation
        return nearest[0].replace(_OBSERVATION, observation).strip()


def _template(trace: Trace) -> str:
    observation = _observation(trace.context)
    return trace.reply.replace(observation, _OBSERVATION) if len(observation) >= _SHORTEST else trace.reply


def _situation(context: Context) -> str:
    """What was done since the customer spoke, what came back, and what the customer said, the newest thing first."""
    return " ".join(_newest(context))


def _newest(context: Context) -> Iterator[str]:
    for speaker, text in reversed(context):
        if speaker == "Agent" and text.startswith(ACTION_MARK):
            # Twice: which action was done says more of a reply than any single word.
            name = text.removeprefix(ACTION_MARK).strip().partition(" ")[0]
            yield f"{name} {name}"
        else:
            yield text
        if speaker == "User":
            return


def _observation(context: Context) -> str:
    """The newest observation since the customer spoke; "" if there is none."""
    for speaker, text in reversed(context):
        if speaker == "User":
            return ""
        if speaker == "Observation":
            return text
    return ""
