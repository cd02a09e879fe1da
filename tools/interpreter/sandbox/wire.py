"""What host and server have to agree on: fixed-size messages, and nothing else.

Control socket (SEQPACKET, one message is one child):
    server -> host   READY, once
    host -> server   START with three descriptors: where the child reads, where it replies, and its lifeline

Lifeline (SEQPACKET, one for each child):
    server -> host   PID of the child
    host -> server   ASIDE: the child gets the lowest priority; anything else, or the end: it has to end
    server -> host   STATUS when the child is gone

The program travels through the job pipe to the child, never through the server. Of the reply pipe only the first byte,
CONFINED, can be trusted: the child sends it before it reads its program. The rest belongs to the program.
"""

from __future__ import annotations

import struct

READY = b"R"
CONFINED = b"C"
ASIDE = b"A"
KILL = b"K"

START = struct.Struct(">?QII")
"""Whether it serves plain programs one after another, bytes of memory beyond the server's own, seconds of CPU,
characters of output (and of answer) allowed."""

PID = struct.Struct(">i")

STATUS = struct.Struct(">iQ")
"""Wait status of the child, and its CPU time in milliseconds."""

FRAME = struct.Struct(">I")
"""Length of a job or reply of a child that serves one plain program after another."""

MAX_MESSAGE = 512


def reply_limit(output: int) -> int:
    """Bytes of reply that a program may cause: JSON spells a character in at most twelve, twice for the answer."""
    return 12 * 3 * output + 4096
