"""Is this machine fit to sign? One verdict for each property that matters; nothing is changed."""

import re
import stat
import sys
from pathlib import Path
from typing import Final

from coldsign.ceremony import airgap
from coldsign.ceremony.checkup import Check, Machine, Verdict, mode_of
from coldsign.ceremony.foreign import foreign_code
from coldsign.errors import UnfitError
from coldsign.keys.entropy import check_generator
from coldsign.primitives.storage import demand_writable
from coldsign.primitives.text import printable

# What was tested together: pyproject.toml's lower bounds; the lock file has the exact versions.
EXPECTED: Final = {
    "click": (8, 3),
    "pillow": (12,),
    "pyrage": (1, 4),
    "python-bitcoinlib": (0, 12, 2),
    "pyzbar": (0, 1, 9),
    "qrcode": (8, 2),
    "rich": (14,),
    "wallycore": (1, 5, 6),
    "zxing-cpp": (2, 3),
}
EXACT: Final = frozenset({"python-bitcoinlib"})
RELEASED: Final = 1_793_491_200  # 1 November 2026: no right clock shows an earlier time
_TWENTY_YEARS: Final = 20 * 365 * 86_400
_NEEDED_BYTES: Final = 16 << 20  # one large withdrawal, its journal entry and its pictures, twice
_ROOMY_BYTES: Final = 256 << 20
_LOCKABLE_BYTES: Final = 64 << 10  # the buffers of one key, many times


def diagnose(home: Path, machine: Machine | None = None) -> tuple[Check, ...]:
    """All checks of a machine.

    Args:
        home: coldsign's home folder.
        machine: What to examine; this machine by default.
    """
    examined = machine or Machine.here(home)
    return tuple(check(examined) for check in (*airgap.CHECKS, *CHECKS))


def core_dumps(machine: Machine) -> Check:
    """Fails where a crash or another process could show this one's memory."""
    name, hint = "core-dumps", "coldsign switches them off at its start; this system refused"
    if _limit(machine, "Max core file size") != 0:
        return Check(name, Verdict.FAIL, "a crash would write secrets to the disk", hint)
    if machine.dumpable:
        return Check(name, Verdict.FAIL, "other processes can read this one's memory", hint)
    return Check(name, Verdict.OK, "off, and the memory is closed to other processes")


def confinement(machine: Machine) -> Check:
    """Fails under a debugger; warns where the system call filter is not in force."""
    name = "confinement"
    status = dict(
        line.split(":", 1)
        for line in (machine.text("proc/self/status") or "").splitlines()
        if ":" in line
    )
    field = {key: value.strip() for key, value in status.items()}
    if field.get("TracerPid", "0") != "0":
        return Check(name, Verdict.FAIL, "a debugger is attached to this process")
    if field.get("Seccomp") == "2" and field.get("NoNewPrivs") == "1":
        return Check(name, Verdict.OK, "no network sockets, no new privileges")
    hint = "needs Linux on x86_64 or aarch64 with seccomp"
    return Check(name, Verdict.WARN, "the system call filter is not in force", hint)


def memory_lock(machine: Machine) -> Check:
    """Warns where not even a key's few bytes can be kept out of swap."""
    limit = _limit(machine, "Max locked memory")
    if limit is not None and limit < _LOCKABLE_BYTES:
        return Check(
            "memory-lock", Verdict.WARN, f"only {limit} bytes may be locked", "run without swap"
        )
    return Check("memory-lock", Verdict.OK, "buffers can be kept out of swap")


def clock(machine: Machine) -> Check:
    """Warns at an impossible date; no decision depends on it, but the journal shows it."""
    if RELEASED <= machine.now <= RELEASED + _TWENTY_YEARS:
        return Check("clock", Verdict.OK, "plausible")
    hint = "set it: date -s; journal entries carry the time"
    return Check("clock", Verdict.WARN, "the date cannot be right", hint)


def randomness(machine: Machine) -> Check:
    """Fails where the generator fails its health tests."""
    try:
        check_generator(machine.random)
    except UnfitError as error:
        return Check("randomness", Verdict.FAIL, error.message, error.hint)
    available = machine.text("proc/sys/kernel/random/entropy_avail")
    if available is not None and available.strip().isdecimal() and int(available) < 256:
        hint = "wait some minutes, type and move the mouse"
        return Check("randomness", Verdict.WARN, "the kernel has gathered little entropy", hint)
    return Check("randomness", Verdict.OK, "the generator passes its health tests")


def libraries(machine: Machine) -> Check:
    """Fails where a library is missing or older than what was tested."""
    wrong = []
    for name, wanted in EXPECTED.items():
        version = machine.version_of(name)
        if version is None:
            wrong.append(f"{name} is missing")
        elif not _is_expected(name, version, wanted):
            wrong.append(f"{name} {printable(version)}")
    if wrong:
        hint = "install coldsign again with its locked dependencies"
        return Check("libraries", Verdict.FAIL, f"not as tested: {', '.join(wrong)}", hint)
    return Check("libraries", Verdict.OK, f"{len(EXPECTED)} as tested")


def zbar(machine: Machine) -> Check:
    """Warns where the second QR decoder's library is missing."""
    folders = ("usr/lib", "usr/lib/*", "usr/local/lib", "lib", "lib/*", "opt/homebrew/lib")
    if any(
        machine.entries(folder.split("*")[0], f"{'*/' if '*' in folder else ''}libzbar.*")
        for folder in folders
    ):
        return Check("zbar", Verdict.OK, "found")
    hint = "apt install libzbar0; zxing-cpp reads most pictures alone"
    return Check("zbar", Verdict.WARN, "libzbar is missing: one decoder only", hint)


def cameras(machine: Machine) -> Check:
    """Warns where no camera is there, or where a program pretends to be one."""
    names = [
        (machine.text(f"sys/class/video4linux/{path.name}/name") or path.name).strip()
        for path in machine.entries("dev", "video*")
    ]
    if not names:
        return Check("camera", Verdict.WARN, "none; pictures and files can still be read")
    shown = ", ".join(printable(name) for name in sorted(set(names)))
    if any(re.search("loopback|dummy|virtual|obs", name, re.IGNORECASE) for name in names):
        return Check(
            "camera", Verdict.WARN, f"a program can feed it: {shown}", "rmmod v4l2loopback"
        )
    return Check("camera", Verdict.OK, shown)


def films(machine: Machine) -> Check:
    """Warns where neither a camera nor a film can be looked through."""
    version = machine.version_of("av")
    if version is None:
        hint = "install coldsign[camera]; pictures and files can still be read"
        return Check("films", Verdict.WARN, "PyAV is missing: no camera, no films", hint)
    return Check("films", Verdict.OK, f"PyAV {printable(version)}")


def gnupg(machine: Machine) -> Check:
    """Warns where reviewers' signatures could not be checked or made."""
    folders = [one for one in machine.environ.get("PATH", "").split(":") if one.startswith("/")]
    missing = [
        program
        for program in ("gpg", "gpgv")
        if not any(stat.S_ISREG(mode_of(machine.root / folder[1:] / program)) for folder in folders)
    ]
    if missing:
        hint = "apt install gnupg gpgv; needed for approvals and signed manifests only"
        return Check("gnupg", Verdict.WARN, f"missing: {', '.join(missing)}", hint)
    return Check("gnupg", Verdict.OK, "gpg and gpgv are there")


def python(machine: Machine) -> Check:
    """Fails under ``-O``."""
    version = ".".join(map(str, sys.version_info[:3]))
    if machine.optimize:
        return Check("python", Verdict.FAIL, "runs with -O", "start without -O and PYTHONOPTIMIZE")
    if machine.user == 0:
        return Check("python", Verdict.WARN, f"{version}, as root", "sign as an ordinary user")
    return Check("python", Verdict.OK, version)


def home_folder(machine: Machine) -> Check:
    """Fails where others can look into coldsign's home folder."""
    name, where = "home", printable(str(machine.home), limit=200)
    try:
        status = machine.home.lstat()
    except FileNotFoundError:
        return Check(name, Verdict.OK, f"not made yet: {where}")
    except OSError as error:
        return Check(name, Verdict.FAIL, f"cannot be read: {(error.strerror or '').lower()}")
    if not stat.S_ISDIR(status.st_mode):
        return Check(name, Verdict.FAIL, "not a folder, or a symbolic link to one")
    if status.st_uid != machine.user:
        return Check(name, Verdict.FAIL, "belongs to another user")
    if status.st_mode & 0o077:
        return Check(
            name, Verdict.FAIL, "open to other users", "chmod 700 on it, and look what is inside"
        )
    return Check(name, Verdict.OK, f"private: {where}")


def disk(machine: Machine) -> Check:
    """Fails where no decision can be recorded before signing: the disk is full, or takes nothing."""
    folder = next(
        (one for one in (machine.home, *machine.home.parents) if stat.S_ISDIR(mode_of(one))),
        machine.root,
    )
    try:
        demand_writable(folder)
    except UnfitError as refusal:
        return Check("disk", Verdict.FAIL, refusal.message, "a decision is recorded before signing")
    free = machine.free_bytes(folder)
    detail = f"{free >> 20} MiB free"
    if free < _NEEDED_BYTES:
        return Check(
            "disk", Verdict.FAIL, detail, "the journal must be written before anything is signed"
        )
    return Check("disk", Verdict.OK if free >= _ROOMY_BYTES else Verdict.WARN, detail)


CHECKS: Final = (
    *(core_dumps, confinement, memory_lock, foreign_code, python, clock, randomness),
    *(libraries, zbar, cameras, films, gnupg, home_folder, disk),
)


def _limit(machine: Machine, name: str) -> int | None:
    """A soft limit of this process; None where it has none or it is not known."""
    for line in (machine.text("proc/self/limits") or "").splitlines():
        value = line.removeprefix(name).split()
        if line.startswith(name) and value and value[0].isdecimal():
            return int(value[0])
    return None


def _is_expected(name: str, version: str, wanted: tuple[int, ...]) -> bool:
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[: max(3, len(wanted))])
    return numbers == wanted if name in EXACT else numbers >= wanted
