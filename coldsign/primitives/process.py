"""What the process takes away from itself before all else: the first thing ``main`` does.

Every measure says whether it took effect; a measure that failed is reported, never hidden, and the
caller decides. All of them work without privileges and are inherited by children, except that a
program started by ``execve`` is dumpable again (children never hold a key).
"""

import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from coldsign.errors import UnfitError
from coldsign.primitives import seccomp

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

# linux/prctl.h, linux/seccomp.h
_PR_GET_DUMPABLE, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 3, 4, 38
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 1, 1
_DECODER_FILES: Final = 16  # poll(2) wants a limit above the number of files it is given


class Measure(NamedTuple):
    """One hardening step and whether it took effect.

    Attributes:
        name: A stable kebab-case word.
        ok: Whether the measure is in force.
        detail: One line for a person.
    """

    name: str
    ok: bool
    detail: str


def harden() -> tuple[Measure, ...]:
    """Close this process: no core dumps, no debugger, no new privileges, no network.

    Afterwards ``socket()`` gives EPERM for every family but AF_UNIX (gpg-agent and pcscd need
    it), in this process and in all its children, and so do ptrace, process_vm_readv and io_uring.
    What is left: local sockets by path or abstract name, and whatever was open before.

    Returns:
        The measures ``core-dumps``, ``memory-private``, ``no-new-privileges``, ``no-network``.

    Raises:
        UnfitError: Python runs with ``-O``, which takes checks out of the libraries.
    """
    if sys.flags.optimize:
        raise UnfitError(
            "python runs with -O, which removes checks from libraries",
            hint="start coldsign without -O and without PYTHONOPTIMIZE",
            code="python-optimized",
        )
    return (
        _no_core_dumps(),
        _not_dumpable(),
        _no_new_privileges(),
        _filter(
            "no-network",
            seccomp.no_network,
            "network sockets and other processes' memory are out of reach",
        ),
    )


def confine_decoder(memory_bytes: int, cpu_seconds: int) -> tuple[Measure, ...]:
    """Lock a picture decoder into computation; call it when all is imported and opened.

    Afterwards the process can read, write and close what is open, use up to ``memory_bytes`` of
    address space in all and ``cpu_seconds`` of processor time, and talk to an open camera. It can
    open no file (not even to read, so nothing can be imported), start no thread or process, make
    no executable memory, send no signal and have no socket. A call outside this gives EPERM;
    beyond the time the kernel kills it.

    Args:
        memory_bytes: Limit of the address space, which counts the interpreter and its libraries
            too.
        cpu_seconds: Limit of processor time since the process started.

    Returns:
        The measures ``core-dumps``, ``memory-private``, ``no-new-privileges``, ``limits``,
        ``decoder-filter``.
    """
    return (
        _no_core_dumps(),
        _not_dumpable(),
        _no_new_privileges(),
        _limits(memory_bytes, cpu_seconds),
        _filter("decoder-filter", seccomp.decoder, "only computation on open files is possible"),
    )


def lock_memory(buffer: bytearray) -> bool:
    """Keep a buffer's pages out of swap (``mlock``); whether the kernel agreed.

    Unprivileged processes may lock some MiB in all: enough for keys, not for the interpreter. The
    lock ends with the process. The buffer must not grow afterwards.
    """
    import ctypes

    if not buffer:
        return True
    view = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    locked = _libc().mlock(ctypes.c_void_p(ctypes.addressof(view)), ctypes.c_size_t(len(buffer)))
    return bool(locked == 0)


def is_dumpable() -> bool:
    """Whether another process of this user could read this one's memory or make it dump core."""
    return _prctl(_PR_GET_DUMPABLE, 0) != 0


def _no_core_dumps() -> Measure:
    import resource

    name = "core-dumps"
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        return Measure(name, ok=False, detail=f"the limit of core dumps cannot be lowered: {error}")
    return Measure(name, ok=True, detail="core dumps are limited to 0 bytes")


def _not_dumpable() -> Measure:
    # The limit above does not hold where core_pattern pipes into a program; this does. It also
    # keeps debuggers and /proc/PID/mem of the same user away.
    name = "memory-private"
    if _prctl(_PR_SET_DUMPABLE, 0) == 0 and not is_dumpable():
        return Measure(name, ok=True, detail="other processes cannot read this one's memory")
    return Measure(name, ok=False, detail="this system does not keep others out of the memory")


def _no_new_privileges() -> Measure:
    name = "no-new-privileges"
    if _prctl(_PR_SET_NO_NEW_PRIVS, 1) == 0:
        return Measure(name, ok=True, detail="no child can gain privileges")
    return Measure(name, ok=False, detail="this system does not keep children from privileges")


def _limits(memory_bytes: int, cpu_seconds: int) -> Measure:
    import resource

    wanted = (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_NOFILE, _DECODER_FILES, _DECODER_FILES),
    )
    try:
        for limit, soft, hard in wanted:
            resource.setrlimit(limit, (soft, hard))
    except (OSError, ValueError) as error:
        return Measure("limits", ok=False, detail=f"a limit cannot be lowered: {error}")
    detail = f"{memory_bytes // 2**20} MiB, {cpu_seconds} s, no files, no processes"
    return Measure("limits", ok=True, detail=detail)


def _filter(name: str, program: "Callable[[seccomp.Architecture], bytes]", effect: str) -> Measure:
    on = seccomp.this_machine()
    if on is None:
        return Measure(name, ok=False, detail="no system call filter exists for this machine")
    error = _install(on, program(on))
    if error:
        return Measure(name, ok=False, detail=f"the kernel refused the system call filter: {error}")
    return Measure(name, ok=True, detail=effect)


def _install(on: seccomp.Architecture, program: bytes) -> str:
    """Install a filter for all threads; an empty text, or the kernel's reason why not."""
    import ctypes
    import os
    import struct

    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of 8-byte instructions and where they are
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    result = _libc().syscall(
        ctypes.c_long(on.calls["seccomp"]),
        ctypes.c_long(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_long(_SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.c_char_p(header),
    )
    if result < 0:
        return os.strerror(ctypes.get_errno())
    return f"thread {result} stays outside" if result else ""


def _prctl(option: int, argument: int) -> int:
    """``prctl(2)`` where there is one; -1 elsewhere."""
    import ctypes

    libc = _libc()
    if not hasattr(libc, "prctl"):
        return -1
    rest = (ctypes.c_ulong(0),) * 3
    return int(libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), *rest))


def _libc() -> "ctypes.CDLL":
    import ctypes

    return ctypes.CDLL(None, use_errno=True)
