"""Running ``gpg`` and ``gpgv``: fixed arguments, a made environment, memory files, limited time.

There is no shell, the programs are looked for in the system's own folders only, and their
environment is made here. Data goes in and out through anonymous files in memory: no pipes that
could block, no temporary names. What they start (an agent, a token's daemon) inherits this
process's filter: it can open local sockets only.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from shutil import which
from typing import Final, NamedTuple

from coldsign.errors import UnfitError
from coldsign.primitives.text import printable

_FOLDERS: Final = "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin:/run/current-system/sw/bin"
# What an agent needs to ask for a PIN where the person sits; nothing else is passed on.
_PASSED_ON: Final = (
    "HOME",
    "GNUPGHOME",
    "GPG_TTY",
    "TERM",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)
_PERSON_SECONDS: Final = 600  # a person looks for a token and types a PIN
_ANSWER_CAP: Final = 64 << 20  # bytes read back; the largest answer is a sealed journal
_OPERAND: Final = re.compile(rb"-&\d+: ")  # how a file in memory is named to gpg
_ERRORS_SHOWN: Final = 160


class GpgAnswer(NamedTuple):
    """What a run of gpg came to.

    Attributes:
        code: Its exit code.
        status: The lines of its status channel, split into words.
        output: Its standard output.
        complaint: The last line of its standard error, made safe to show.
    """

    code: int
    status: tuple[tuple[str, ...], ...]
    output: bytes
    complaint: str


def gpg(
    arguments: Sequence[str], operands: Sequence[bytes | str], environment: Mapping[str, str] | None
) -> GpgAnswer:
    """Run ``gpg`` with what it always gets: no questions, no configuration, no network."""
    fixed = ("--batch", "--no-tty", "--quiet", "--no-options", "--disable-dirmngr")
    everything = (*fixed, *arguments)
    return run("gpg", everything, operands, seconds=_PERSON_SECONDS, environment=environment)


def run(
    program: str,
    arguments: Sequence[str],
    operands: Sequence[bytes | str],
    *,
    seconds: float,
    environment: Mapping[str, str] | None,
) -> GpgAnswer:
    """Run a program of GnuPG to its end, its input and output in memory.

    Args:
        program: ``gpg`` or ``gpgv``.
        arguments: Options, each a word of ours or checked.
        operands: Bytes stand for a file with this content; text is a checked name.
        seconds: How long it may take.
        environment: What is passed on of it is listed above; this process's own if ``None``.

    Raises:
        UnfitError: It is not installed, or did not end in time.
    """
    executable = which(program, path=_FOLDERS)
    if executable is None:
        hint = "install the packages gnupg and gpgv"
        raise UnfitError(f"{program} is not installed", hint=hint, code="gpg-missing")
    with ExitStack() as stack:
        status, output, errors = [_memory(stack, b"") for _ in range(3)]
        passed = [status]
        names: list[str] = []
        for operand in operands:
            if isinstance(operand, str):
                names.append(operand)
            else:
                passed.append(_memory(stack, operand))
                names.append(f"-&{passed[-1]}")
        channel = ("--enable-special-filenames", f"--status-fd={status}")
        command = [executable, *channel, *arguments, "--", *names]
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=_environment(environment),
                pass_fds=passed,
                timeout=seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise _too_slow(program, seconds) from None
        return GpgAnswer(code, _words(_content(status)), _content(output), _last(_content(errors)))


def _too_slow(program: str, seconds: float) -> UnfitError:
    return UnfitError(
        f"{program} did not end within {seconds:.0f} seconds",
        hint="nobody typed the PIN, or a program hangs: try gpg by itself",
        code="gpg-timeout",
    )


def _memory(stack: ExitStack, data: bytes) -> int:
    descriptor = os.memfd_create("coldsign")
    stack.callback(os.close, descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _content(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        return file.read(_ANSWER_CAP)


def _environment(given: Mapping[str, str] | None) -> dict[str, str]:
    given = os.environ if given is None else given
    passed = {name: given[name] for name in _PASSED_ON if name in given}
    return {"PATH": _FOLDERS, "LC_ALL": "C", **passed}


def _words(status: bytes) -> tuple[tuple[str, ...], ...]:
    lines = status.decode("utf-8", "replace").split("\n")
    prefix = "[GNUPG:] "
    return tuple([tuple(line.split(" ")[1:]) for line in lines if line.startswith(prefix)])


def _last(errors: bytes) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    last = lines[-1] if lines else b""
    plain = _OPERAND.sub(b"", last.removeprefix(b"gpg: ").removeprefix(b"gpgv: "))
    return printable(plain, _ERRORS_SHOWN)
