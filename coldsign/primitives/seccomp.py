"""System call filters for Linux, written out as the kernel's own little programs (classic BPF).

A filter, once installed, holds for the process and for every child until it ends; nobody can take
it off again. Numbers and structures: ``linux/seccomp.h``, ``linux/filter.h``, ``asm/unistd.h``.
"""

import os
import struct
import sys
from typing import Final, NamedTuple

KILL: Final = 0x8000_0000  # SECCOMP_RET_KILL_PROCESS
ALLOW: Final = 0x7FFF_0000  # SECCOMP_RET_ALLOW
EPERM: Final = 0x0005_0001  # SECCOMP_RET_ERRNO with "operation not permitted"
ENOSYS: Final = 0x0005_0026
"""SECCOMP_RET_ERRNO with "not implemented": the C library then takes an older call."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32: Final = 0x4000_0000  # x86-64's second numbering: the same calls, with 32-bit pointers
_AF_UNIX: Final = 1
_PROT_EXEC: Final = 4
_VIDEO_IOCTLS: Final = ord("V") << 8  # the type field of every Video4Linux request

_Code = tuple[bytes, ...]


class Architecture(NamedTuple):
    """What the filters need to know about one processor architecture.

    Attributes:
        arch: The AUDIT_ARCH value of its 64-bit system calls.
        calls: System call numbers by name.
    """

    arch: int
    calls: dict[str, int]


# Calls that open a way to the network, to other processes' memory, or around this filter.
_DENIED: Final = (
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "perf_event_open",
    "userfaultfd",
    "bpf",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
)
# All that decoding a picture still needs once everything is imported: no open, no fork, no
# signals to others.
_DECODER: Final = (
    *("read", "write", "readv", "writev", "pread64", "lseek", "close", "fstat", "newfstatat"),
    *("munmap", "mremap", "brk", "madvise", "futex", "sched_yield", "sched_getaffinity"),
    *("poll", "ppoll", "select", "pselect6", "nanosleep", "clock_nanosleep"),
    *("clock_gettime", "clock_getres", "getrandom", "getrusage", "sysinfo", "uname"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("getpid", "gettid", "getuid", "geteuid", "getgid", "getegid"),
    *("set_robust_list", "rseq", "exit", "exit_group"),
)

_COMMON = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}
_COMMON |= {"clone3": 435, "pidfd_getfd": 438}
# fmt: off
X86_64: Final = Architecture(0xC000_003E, _COMMON | {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10,
    "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
    "ioctl": 16, "pread64": 17, "readv": 19, "writev": 20, "select": 23, "sched_yield": 24,
    "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "socket": 41, "socketpair": 53,
    "exit": 60,
    "uname": 63, "getrusage": 98, "sysinfo": 99, "ptrace": 101, "getuid": 102, "getgid": 104,
    "geteuid": 107, "getegid": 108, "sigaltstack": 131, "gettid": 186, "futex": 202,
    "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "newfstatat": 262, "pselect6": 270, "ppoll": 271,
    "set_robust_list": 273, "perf_event_open": 298, "process_vm_readv": 310,
    "process_vm_writev": 311, "seccomp": 317, "getrandom": 318, "bpf": 321, "userfaultfd": 323,
    "rseq": 334,
})
AARCH64: Final = Architecture(0xC000_00B7, _COMMON | {
    "ioctl": 29, "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66,
    "pread64": 67, "pselect6": 72, "ppoll": 73, "newfstatat": 79, "fstat": 80, "exit": 93,
    "exit_group": 94, "futex": 98, "set_robust_list": 99, "nanosleep": 101, "clock_gettime": 113,
    "clock_getres": 114, "clock_nanosleep": 115, "ptrace": 117, "sched_getaffinity": 123,
    "sched_yield": 124, "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134,
    "rt_sigprocmask": 135, "rt_sigreturn": 139, "uname": 160, "getrusage": 165, "getpid": 172,
    "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179,
    "socket": 198, "socketpair": 199, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222,
    "mprotect": 226, "madvise": 233, "perf_event_open": 241, "process_vm_readv": 270,
    "process_vm_writev": 271, "seccomp": 277, "getrandom": 278, "bpf": 280, "userfaultfd": 282,
    "rseq": 293,
})
# fmt: on


def machine(name: str) -> Architecture | None:
    """The table of a ``uname -m`` name; None where no filter has been written for it."""
    if sys.maxsize < 1 << 32:  # a 32-bit interpreter makes the calls of another architecture
        return None
    return {"x86_64": X86_64, "aarch64": AARCH64}.get(name)


def this_machine() -> Architecture | None:
    """The table of the machine this runs on; None where no filter has been written for it."""
    return machine(os.uname().machine) if os.uname().sysname == "Linux" else None


def no_network(on: Architecture) -> bytes:
    """The filter of a whole coldsign process: local sockets only, no other process's memory."""
    calls = on.calls
    code = _prologue(on, otherwise=EPERM)
    code += _only_local(calls["socket"]) + _only_local(calls["socketpair"])
    for name in _DENIED:
        code += _when(calls[name], EPERM)
    return b"".join((*code, _op(_RETURN, ALLOW)))


def decoder(on: Architecture) -> bytes:
    """The filter of a picture decoder: work on memory and on files already open, nothing else.

    New memory is never executable, and ``ioctl`` reaches cameras only (a terminal's could type
    for the user).
    """
    calls = on.calls
    code = _prologue(on, otherwise=EPERM)
    for name in _DECODER:
        if name in calls:
            code += _when(calls[name], ALLOW)
    for name in ("mmap", "mprotect"):
        code += _unless_bits(calls[name], 2, _PROT_EXEC)
    code += _camera_ioctl(calls["ioctl"])
    code += _when(calls["clone3"], ENOSYS)
    return b"".join((*code, _op(_RETURN, EPERM)))


def _op(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction (struct sock_filter); ``yes`` and ``no`` say how many to skip."""
    return struct.pack("=HBBI", code, yes, no, value)


def _prologue(on: Architecture, *, otherwise: int) -> _Code:
    """Kill on another architecture's calls; leave the call number in the accumulator."""
    return (
        _op(_LOAD, _ARCH),
        _op(_EQUAL, on.arch, yes=1),
        _op(_RETURN, KILL),
        _op(_LOAD, _NUMBER),
        _op(_AT_LEAST, _X32, no=1),
        _op(_RETURN, otherwise),
    )


def _when(number: int, verdict: int) -> _Code:
    return (_op(_EQUAL, number, no=1), _op(_RETURN, verdict))


def _only_local(number: int) -> _Code:
    """Allow a socket call for AF_UNIX; the kernel too reads only the low half of the argument."""
    return (
        _op(_EQUAL, number, no=4),
        _op(_LOAD, _ARGUMENTS),
        _op(_EQUAL, _AF_UNIX, no=1),
        _op(_RETURN, ALLOW),
        _op(_RETURN, EPERM),
    )


def _unless_bits(number: int, argument: int, bits: int) -> _Code:
    return (
        _op(_EQUAL, number, no=4),
        _op(_LOAD, _ARGUMENTS + 8 * argument),
        _op(_ANY_BIT, bits, yes=1),
        _op(_RETURN, ALLOW),
        _op(_RETURN, EPERM),
    )


def _camera_ioctl(number: int) -> _Code:
    return (
        _op(_EQUAL, number, no=5),
        _op(_LOAD, _ARGUMENTS + 8),
        _op(_AND, 0xFF00),
        _op(_EQUAL, _VIDEO_IOCTLS, no=1),
        _op(_RETURN, ALLOW),
        _op(_RETURN, EPERM),
    )
