"""What host and server have to agree on: the fixed-size messages of the control socket, and nothing else.

Control socket (SEQPACKET, so that one message is one job):
    server -> host   READY + the names of the layers it could put on, once
    host -> server   JOB with two file descriptors: where to read the job, where to write the reply
    host -> server   KILL while a program runs
    server -> host   STATUS when the child is gone

The program travels through the job pipe to the child, never through the server. The reply pipe belongs to the
program: whatever comes out of it is untrusted.
"""

from __future__ import annotations

import struct

READY = b"R"
KILL = b"K"

JOB = struct.Struct(">QII")
"""Bytes of memory beyond the server's own, seconds of CPU, characters of output (and of answer) allowed."""

STATUS = struct.Struct(">iQ")
"""Wait status of the child, and its peak memory in KiB."""

MAX_MESSAGE = 512

REFUSED = 97
"""Exit status of a child that could not be confined, and therefore executed nothing."""


def reply_limit(output: int) -> int:
    """Bytes of reply that a program may cause: JSON spells a character in at most twelve, twice for the answer."""
    return 12 * 3 * output + 4096
