"""The filter, interpreted for every system call number, lets through what its table names and nothing else."""

from __future__ import annotations

import pytest

from shopbot.tools.interpreter.sandbox import seccomp
from shopbot.tools.interpreter.sandbox.syscalls import SERVER_TABLES, TABLES, Table

READ_WRITE, READ_EXECUTE = 3, 5


def decide(
    code: list[seccomp.Instruction], architecture: int, number: int, third_argument: int = 0, first_argument: int = 0
) -> int:
    """What the kernel would do: an interpreter of the instructions that the filter uses."""
    loads = {
        seccomp.NUMBER: number,
        seccomp.ARCHITECTURE: architecture,
        seccomp.FIRST_ARGUMENT: first_argument,
        seccomp.THIRD_ARGUMENT: third_argument,
    }
    tests = {
        seccomp.JUMP_IF_EQUAL: lambda value, operand: value == operand,
        seccomp.JUMP_IF_AT_LEAST: lambda value, operand: value >= operand,
        seccomp.JUMP_IF_BITS: lambda value, operand: bool(value & operand),
    }
    value = at = 0
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        if operation == seccomp.RETURN:
            return operand
        if operation == seccomp.LOAD:
            value = loads[operand]
        else:
            at += if_true if tests[operation](value, operand) else if_false


@pytest.mark.parametrize("machine", TABLES)
def test_every_number_is_decided_by_the_table(machine: str) -> None:
    table = TABLES[machine]
    code = seccomp.assemble(table)
    passed = {n for n in range(1024) if decide(code, table.audit_arch, n, READ_WRITE) == seccomp.ALLOW}
    assert passed == set(table.allowed.values()) | set(table.memory.values())


@pytest.mark.parametrize("machine", TABLES)
def test_executable_memory_is_refused(machine: str) -> None:
    table = TABLES[machine]
    for number in table.memory.values():
        assert decide(seccomp.assemble(table), table.audit_arch, number, READ_EXECUTE) == seccomp.FAIL_EPERM


@pytest.mark.parametrize("machine", TABLES)
def test_a_foreign_architecture_is_killed(machine: str) -> None:
    table: Table = TABLES[machine]
    assert decide(seccomp.assemble(table), 0x40000003, 0, 0) == seccomp.KILL_PROCESS


def test_the_second_abi_of_x86_is_killed() -> None:
    table = TABLES["x86_64"]
    assert decide(seccomp.assemble(table), table.audit_arch, 0x40000000 + 1, 0) == seccomp.KILL_PROCESS


def test_a_machine_without_a_table_gets_no_filter() -> None:
    with pytest.raises(seccomp.SeccompUnavailable):
        seccomp.filters("vax")


@pytest.mark.parametrize("machine", TABLES)
def test_the_server_opens_executes_and_connects_nothing(machine: str) -> None:
    names = set(SERVER_TABLES[machine].allowed)
    assert set(TABLES[machine].allowed) <= names
    assert not names & {"open", "openat", "execve", "socket", "connect", "ptrace", "mount", "unshare", "setns", "bpf"}


@pytest.mark.parametrize("machine", TABLES)
def test_the_server_forks_into_its_own_namespaces_only(machine: str) -> None:
    table = SERVER_TABLES[machine]
    code = seccomp.assemble(table)
    (clone,) = table.processes.values()
    assert decide(code, table.audit_arch, clone, first_argument=0x01200011) == seccomp.ALLOW
    for flag in (0x10000000, 0x00020000, 0x40000000, 0x80):
        assert decide(code, table.audit_arch, clone, first_argument=flag) == seccomp.FAIL_EPERM
