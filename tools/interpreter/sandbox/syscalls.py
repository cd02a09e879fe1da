"""The system calls that a confined program may make: what an interpreter needs that computes and does nothing else.

Everything else fails with EPERM, which Python turns into a `PermissionError` that the program sees. There is no call
here that opens, names, connects, creates, signals, traces or executes anything; `read` and `write` reach the four
descriptors that `confine` leaves open. Numbers: arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h of Linux.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Numbers of one machine. `memory` are allowed unless they ask for executable pages."""

    audit_arch: int
    allowed: dict[str, int]
    memory: dict[str, int]
    foreign_abi: int | None = None
    """First number of a second calling convention in the same architecture (x32), refused as a whole."""


X86_64 = Table(
    audit_arch=0xC000003E,
    allowed={
        "read": 0,
        "write": 1,
        "close": 3,
        "fstat": 5,
        "lseek": 8,
        "munmap": 11,
        "brk": 12,
        "rt_sigaction": 13,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "sched_yield": 24,
        "mremap": 25,
        "madvise": 28,
        "nanosleep": 35,
        "getpid": 39,
        "exit": 60,
        "gettimeofday": 96,
        "getrusage": 98,
        "times": 100,
        "sigaltstack": 131,
        "gettid": 186,
        "time": 201,
        "futex": 202,
        "restart_syscall": 219,
        "clock_gettime": 228,
        "clock_getres": 229,
        "clock_nanosleep": 230,
        "exit_group": 231,
        "getrandom": 318,
    },
    memory={"mmap": 9, "mprotect": 10},
    foreign_abi=0x40000000,
)

AARCH64 = Table(
    audit_arch=0xC00000B7,
    allowed={
        "close": 57,
        "lseek": 62,
        "read": 63,
        "write": 64,
        "fstat": 80,
        "exit": 93,
        "exit_group": 94,
        "futex": 98,
        "nanosleep": 101,
        "clock_gettime": 113,
        "clock_getres": 114,
        "clock_nanosleep": 115,
        "sched_yield": 124,
        "restart_syscall": 128,
        "sigaltstack": 132,
        "rt_sigaction": 134,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "times": 153,
        "getrusage": 165,
        "gettimeofday": 169,
        "getpid": 172,
        "gettid": 178,
        "brk": 214,
        "munmap": 215,
        "mremap": 216,
        "madvise": 233,
        "getrandom": 278,
    },
    memory={"mmap": 222, "mprotect": 226},
)

TABLES = {"x86_64": X86_64, "aarch64": AARCH64}
