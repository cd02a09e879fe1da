"""The seccomp filter: assembled from the table in `syscalls`, installed once, never to be taken off again.

A filter is a classic-BPF program that the kernel runs on `struct seccomp_data` {nr, arch, ip, args[6]} at every
system call. Own assembly instead of libseccomp: it is these few lines, has no library to find at run time, and a
test interprets it for every system call number. Source: Documentation/userspace-api/seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import platform
import struct

from .syscalls import SERVER_TABLES, TABLES, Table

LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, JUMP_IF_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
KILL_PROCESS, ALLOW, FAIL_EPERM = 0x80000000, 0x7FFF0000, 0x00050001
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 32
"""Offsets in `struct seccomp_data`; of an argument, its low 32 bits (both machines are little-endian)."""
PROT_EXEC = 4
NEW_NAMESPACES = 0x7E020080
"""All CLONE_NEW* flags."""

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false (both relative), operand."""


class SeccompUnavailable(OSError):
    """The kernel did not take the filter, or there is no table for this machine."""


def assemble(table: Table) -> list[Instruction]:
    """The filter: kill on a foreign calling convention, allow what the table names, fail the rest with EPERM."""
    code: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 1, 0, table.audit_arch),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
    ]
    if table.foreign_abi is not None:
        code += [(JUMP_IF_AT_LEAST, 0, 1, table.foreign_abi), (RETURN, 0, 0, KILL_PROCESS)]
    for number in table.memory.values():
        code += _unless_bits(number, THIRD_ARGUMENT, PROT_EXEC)
    for number in table.processes.values():
        code += _unless_bits(number, FIRST_ARGUMENT, NEW_NAMESPACES)
    for number in table.allowed.values():
        code += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return [*code, (RETURN, 0, 0, FAIL_EPERM)]


def _unless_bits(number: int, argument: int, bits: int) -> list[Instruction]:
    """Allow the call unless its argument has one of the bits."""
    return [
        (JUMP_IF_EQUAL, 0, 4, number),
        (LOAD, 0, 0, argument),
        (JUMP_IF_BITS, 0, 1, bits),
        (RETURN, 0, 0, FAIL_EPERM),
        (RETURN, 0, 0, ALLOW),
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter:
    """A filter in the form the kernel takes; made in the server, installed there or in each child."""

    def __init__(self, table: Table) -> None:
        code = assemble(table)
        packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
        self._bytes = ctypes.create_string_buffer(packed, len(packed))
        self._program = _Program(len(code), ctypes.cast(self._bytes, ctypes.c_void_p))
        self._libc = ctypes.CDLL(None, use_errno=True)

    def install(self) -> None:
        """Confine the calling thread for good; it needs to have no_new_privs.

        Raises:
            SeccompUnavailable: the kernel refused; nothing may be executed then.
        """
        if self._libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._program), 0, 0):
            raise SeccompUnavailable(ctypes.get_errno(), "the kernel refused the seccomp filter")


def filters(machine: str | None = None) -> tuple[Filter, Filter]:
    """The server's filter and the children's, for this machine.

    Raises:
        SeccompUnavailable: there is no table for it.
    """
    machine = machine or platform.machine()
    if machine not in TABLES:
        raise SeccompUnavailable(f"there is no system call table for {machine}")
    return Filter(SERVER_TABLES[machine]), Filter(TABLES[machine])
