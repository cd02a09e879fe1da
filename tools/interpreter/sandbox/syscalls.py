"""The system calls that a confined program may make: what an interpreter needs that computes and does nothing else.

Everything else fails with EPERM, which Python turns into a `PermissionError` that the program sees. There is no call
here that opens, names, connects, creates, signals, traces or executes anything; `read` and `write` reach the four
descriptors that `confine` leaves open. Numbers: arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h of Linux.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Table:
    """Numbers of one machine. `memory` are allowed unless they ask for executable pages, `processes` for namespaces."""

    audit_arch: int
    allowed: dict[str, int]
    memory: dict[str, int]
    processes: dict[str, int] = field(default_factory=dict)
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

_SERVER_X86_64 = {
    "poll": 7,
    "dup": 32,
    "getuid": 102,
    "sendto": 44,
    "recvfrom": 45,
    "sendmsg": 46,
    "recvmsg": 47,
    "wait4": 61,
    "kill": 62,
    "fcntl": 72,
    "dup2": 33,
    "setpriority": 141,
    "prctl": 157,
    "setrlimit": 160,
    "set_robust_list": 273,
    "dup3": 292,
    "prlimit64": 302,
    "rseq": 334,
    "pidfd_open": 434,
    "close_range": 436,
}
_SERVER_AARCH64 = {
    "dup": 23,
    "dup3": 24,
    "fcntl": 25,
    "ppoll": 73,
    "set_robust_list": 99,
    "kill": 129,
    "setpriority": 140,
    "setrlimit": 164,
    "prctl": 167,
    "getuid": 174,
    "sendto": 206,
    "recvfrom": 207,
    "sendmsg": 211,
    "recvmsg": 212,
    "wait4": 260,
    "prlimit64": 261,
    "rseq": 293,
    "pidfd_open": 434,
    "close_range": 436,
}
SERVER_TABLES = {
    "x86_64": replace(X86_64, allowed={**X86_64.allowed, **_SERVER_X86_64}, processes={"clone": 56}),
    "aarch64": replace(AARCH64, allowed={**AARCH64.allowed, **_SERVER_AARCH64}, processes={"clone": 220}),
}
"""What the fork server keeps: what its children need, forking and confining them, and messages on sockets it has."""
