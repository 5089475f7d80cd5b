"""The measures change the process that takes them, so each is tried in a child."""

import json
import os
import platform
import struct
import subprocess
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldsign.errors import UnfitError
from coldsign.primitives import process, seccomp
from coldsign.primitives.process import Measure

ON_A_KNOWN_MACHINE = pytest.mark.skipif(
    seccomp.this_machine() is None, reason=f"no filter for {platform.machine()}"
)
EPERM, ENOSYS = "denied", "absent"
PRELUDE = """
import ctypes, errno, json, mmap, os, resource, signal, socket, struct, subprocess, sys, threading
from coldsign.primitives import process, seccomp
from coldsign.primitives.process import harden, confine_decoder, lock_memory, is_dumpable
results = {}
def tried(name, action):
    try:
        results[name] = action() or "done"
    except OSError as error:
        results[name] = errno.errorcode[error.errno]
    except RuntimeError as error:
        results[name] = str(error)
def call(name, *arguments):
    number = seccomp.this_machine().calls[name]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
"""


def in_child(script, *options, **keywords):
    """What ``results`` is at the end of a script."""
    done = subprocess.run(
        [sys.executable, *options, "-c", PRELUDE + script + "\nprint(json.dumps(results))"],
        capture_output=True,
        timeout=60,
        check=False,
        **keywords,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


# Without any privilege, where the tests run as root. The kernel makes a process that changed its
# user not dumpable, so that is undone before the measures are tried.
AS_NOBODY = """
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    process._prctl(4, 1)
assert is_dumpable()
"""
AS_ANYBODY = pytest.mark.parametrize("user", ["", AS_NOBODY], ids=["as we are", "as nobody"])


@ON_A_KNOWN_MACHINE
@AS_ANYBODY
def test_harden_takes_effect(user):
    found = in_child(
        user
        + """
results["measures"] = [list(measure) for measure in harden()]
results["dumpable"] = is_dumpable()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
results["status"] = [status["NoNewPrivs"].strip(), status["Seccomp"].strip()]
results["core"] = resource.getrlimit(resource.RLIMIT_CORE)
""",
    )
    assert [name for name, ok, _ in found["measures"] if ok] == [
        "core-dumps",
        "memory-private",
        "no-new-privileges",
        "no-network",
    ]
    assert found["dumpable"] is False
    assert found["status"] == ["1", "2"]
    assert found["core"] == [0, 0]


@ON_A_KNOWN_MACHINE
def test_after_harden_only_local_sockets_open():
    found = in_child(
        """
harden()
for family in (1, 2, 10, 16, 17, 38, 40, 2 + (1 << 16)):
    tried(f"socket {family}", lambda: socket.socket(family, socket.SOCK_STREAM).close())
high = ctypes.c_ulong((1 << 32) + 2)
tried("high half", lambda: call("socket", high, ctypes.c_ulong(1), ctypes.c_ulong(0)))
tried("pair", lambda: [end.close() for end in socket.socketpair()] and None)
tried("inet pair", lambda: socket.socketpair(socket.AF_INET))
tried("ptrace", lambda: call("ptrace", 0, 0, 0, 0))
tried("vm_readv", lambda: call("process_vm_readv", os.getppid(), 0, 0, 0, 0, 0))
tried("vm_writev", lambda: call("process_vm_writev", os.getppid(), 0, 0, 0, 0, 0))
tried("io_uring", lambda: call("io_uring_setup", 1, 0))
tried("pidfd_getfd", lambda: call("pidfd_getfd", 0, 0, 0))
tried("bpf", lambda: call("bpf", 0, 0, 0))
tried("thread", lambda: threading.Thread(target=lambda: tried("in thread", socket.socket)).start())
""",
    )
    allowed = {"socket 1", "pair", "thread"}
    assert {name for name, result in found.items() if result == "done"} == allowed
    assert {result for name, result in found.items() if name not in allowed} == {"EPERM"}


@ON_A_KNOWN_MACHINE
def test_children_inherit_the_filter():
    found = in_child(
        """
harden()
code = "import socket; socket.socket()"
done = subprocess.run([sys.executable, "-c", code], capture_output=True)
results["error"] = done.stderr.decode().splitlines()[-1]
results["echo"] = subprocess.run(["echo", "hello"], capture_output=True).stdout.decode()
""",
    )
    assert found["error"].startswith("PermissionError")
    assert found["echo"] == "hello\n"


@ON_A_KNOWN_MACHINE
def test_inputs_by_descriptor_stay_readable():
    script = """
harden()
reading, writing = os.pipe()
os.write(writing, b"a secret file")
os.close(writing)
results["text"] = open(f"/dev/fd/{reading}").read()
"""
    assert in_child(AS_NOBODY + script) == {"text": "a secret file"}


def test_another_process_of_the_user_cannot_read_the_memory():
    script = """
run = lambda: subprocess.run(["cat", f"/proc/{os.getpid()}/mem"], capture_output=True, text=True)
results["before"] = run().stderr
harden()
results["after"] = run().stderr
"""
    found = in_child(AS_NOBODY + script, env=os.environ | {"LC_ALL": "C"})
    assert "Input/output error" in found["before"]  # opened; there is nothing at address 0
    assert "Permission denied" in found["after"]


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_optimized_python_is_refused(option):
    script = """
try:
    harden()
except process.UnfitError as error:
    results["error"] = [error.exit_code, error.code, error.message, error.hint]
"""
    exit_code, code, message, hint = in_child(script, option)["error"]
    assert (exit_code, code) == (8, "python-optimized")
    assert "-O" in message
    assert "PYTHONOPTIMIZE" in hint


DECODE = """
import io, qrcode, zxingcpp
from PIL import Image
from pyzbar import pyzbar
picture = io.BytesIO()
qrcode.make("confined").save(picture)
def read():
    with Image.open(io.BytesIO(picture.getvalue())) as image:
        grey = image.convert("L")
        symbols = [pyzbar.ZBarSymbol.QRCODE]
        return [zxingcpp.read_barcode(grey).text, pyzbar.decode(grey, symbols)[0].data.decode()]
"""
TRIES = """
tried("open to read", lambda: open("/etc/passwd").close())
tried("open to write", lambda: open("/dev/null", "w").close())
tried("unlink", lambda: os.unlink("/nonexistent/file"))
tried("socket", socket.socket)
tried("local socket", lambda: socket.socket(socket.AF_UNIX))
tried("pair", socket.socketpair)
tried("fork", os.fork)
tried("exec", lambda: os.execv("/bin/true", ["true"]))
tried("kill", lambda: os.kill(os.getppid(), 0))
tried("memfd", lambda: os.memfd_create("x"))
tried("executable memory", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC))
tried("terminal", lambda: os.tcgetpgrp(0))
tried("thread", lambda: threading.Thread(target=print).start())
"""
TOO_MUCH = """
try:
    bytearray(1 << 30)
except MemoryError:
    results["too much"] = "refused"
"""


@ON_A_KNOWN_MACHINE
@AS_ANYBODY
def test_a_confined_decoder_decodes_and_does_nothing_else(user):
    found = in_child(
        DECODE
        + "read()\n"
        + user
        + 'results["measures"] = [m.ok for m in harden() + confine_decoder(1 << 30, 20)]\n'
        + TRIES
        + 'results["text"] = read()\n'
        + 'tried("memory", lambda: len(bytes(64)) and None)\n'
        + TOO_MUCH,
    )
    assert found.pop("measures") == [True] * 9
    assert found.pop("text") == ["confined", "confined"]
    assert found.pop("too much") == "refused"
    assert found.pop("memory") == "done"
    assert found.pop("thread") == "can't start new thread"
    assert len(found) == 12
    assert set(found.values()) == {"EPERM"}


@ON_A_KNOWN_MACHINE
def test_a_confined_decoder_runs_out_of_time():
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + "confine_decoder(1 << 30, 1)\nwhile True: pass"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode < 0


@ON_A_KNOWN_MACHINE
def test_a_confined_decoder_writes_to_pipes_but_not_to_files(tmp_path):
    target = tmp_path / "written"
    script = f"""
file = os.open({str(target)!r}, os.O_CREAT | os.O_WRONLY)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
confine_decoder(1 << 30, 20)
tried("file", lambda: os.write(file, b"x"))
"""
    assert in_child(script) == {"file": "EFBIG"}
    assert target.read_bytes() == b""


def test_lock_memory_keeps_the_buffer_as_it_is():
    buffer = bytearray(b"secret" * 100)
    before = bytes(buffer)
    assert process.lock_memory(buffer) in (True, False)
    assert buffer == before
    buffer.clear()  # no view of it stays behind
    assert process.lock_memory(buffer)


def test_lock_memory_reports_a_refusal():
    script = """
resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
results["locked"] = lock_memory(bytearray(16))
"""
    assert in_child(AS_NOBODY + script) == {"locked": False}


def test_what_cannot_be_done_is_reported(monkeypatch):
    def refuse(*_):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setitem(sys.modules, "resource", fake_resource(refuse))
    monkeypatch.setattr(process, "_libc", types.SimpleNamespace)  # a libc without prctl
    monkeypatch.setattr(seccomp, "this_machine", lambda: None)
    measures = process.harden() + process.confine_decoder(1 << 28, 5)
    assert not any(measure.ok for measure in measures)
    assert all(measure.detail for measure in measures)
    assert {measure.name for measure in measures} == {
        *("core-dumps", "memory-private", "no-new-privileges", "no-network"),
        *("limits", "decoder-filter"),
    }


def test_what_is_in_force_is_reported(monkeypatch):
    asked = []
    libc = types.SimpleNamespace(prctl=lambda *_: 0, syscall=lambda *_: 0)
    monkeypatch.setitem(sys.modules, "resource", fake_resource(lambda *limit: asked.append(limit)))
    monkeypatch.setattr(process, "_libc", lambda: libc)
    monkeypatch.setattr(seccomp, "this_machine", lambda: seccomp.AARCH64)
    measures = process.harden() + process.confine_decoder(1 << 28, 5)
    assert all(measure.ok and measure.detail for measure in measures)
    assert ("CPU", (5, 6)) in asked
    assert ("AS", (1 << 28, 1 << 28)) in asked


def fake_resource(setrlimit):
    module = types.ModuleType("resource")
    for name in ("CORE", "AS", "CPU", "FSIZE", "NPROC", "NOFILE"):
        setattr(module, f"RLIMIT_{name}", name)
    module.setrlimit = setrlimit
    return module


@pytest.mark.parametrize(("answer", "reason"), [(-1, "refused"), (77, "thread 77")])
def test_a_filter_the_kernel_does_not_take_is_reported(monkeypatch, answer, reason):
    libc = types.SimpleNamespace(syscall=lambda *_: answer)
    monkeypatch.setattr(process, "_libc", lambda: libc)
    monkeypatch.setattr(seccomp, "this_machine", lambda: seccomp.X86_64)
    measure = process._filter("no-network", seccomp.no_network, "effect")
    assert measure == Measure("no-network", ok=False, detail=measure.detail)
    assert reason in measure.detail


def test_optimized_python_is_refused_in_this_process_too(monkeypatch):
    monkeypatch.setattr(process.sys, "flags", types.SimpleNamespace(optimize=1))
    with pytest.raises(UnfitError, match="-O"):
        process.harden()


def verdict(program, arch, number, *arguments):
    """Run a filter as the kernel does (linux/filter.h)."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)
    code = [struct.unpack_from("=HBBI", program, offset) for offset in range(0, len(program), 8)]
    accumulator = at = 0
    while True:
        operation, yes, no, value = code[at]
        at += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        else:
            holds = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: accumulator & value != 0,
            }[operation]
            at += yes if holds else no


MACHINES = pytest.mark.parametrize(
    "on", [seccomp.X86_64, seccomp.AARCH64], ids=["x86_64", "aarch64"]
)


@MACHINES
def test_other_architectures_are_killed_and_x32_is_denied(on):
    for program in (seccomp.no_network(on), seccomp.decoder(on)):
        assert verdict(program, 0x4000_0003, on.calls["read"]) == seccomp.KILL  # i386
        assert verdict(program, on.arch, on.calls["read"] | 1 << 30) == seccomp.EPERM
        assert verdict(program, on.arch, on.calls["read"]) == seccomp.ALLOW


@MACHINES
def test_the_process_filter_denies_what_it_names_and_nothing_else(on):
    program = seccomp.no_network(on)
    sockets = {on.calls["socket"], on.calls["socketpair"]}
    denied = {on.calls[name] for name in seccomp._DENIED}
    for number in range(600):
        expected = seccomp.EPERM if number in denied | sockets else seccomp.ALLOW
        assert verdict(program, on.arch, number) == expected
    for number in sockets:
        assert verdict(program, on.arch, number, 1) == seccomp.ALLOW
        assert verdict(program, on.arch, number, 2) == seccomp.EPERM


@MACHINES
@given(number=st.integers(0, 2**32 - 1), arguments=st.tuples(*[st.integers(0, 2**64 - 1)] * 3))
def test_the_decoder_filter_lets_only_its_list_through(on, number, arguments):
    program = seccomp.decoder(on)
    names = {number: name for name, number in on.calls.items()}
    allowed = {on.calls[name] for name in seccomp._DECODER if name in on.calls}
    found = verdict(program, on.arch, number, *arguments)
    if number in allowed:
        assert found == seccomp.ALLOW
    elif names.get(number) not in {"mmap", "mprotect", "ioctl", "clone3"}:
        assert found == seccomp.EPERM


@MACHINES
def test_the_decoder_filter_looks_at_arguments(on):
    program = seccomp.decoder(on)
    for name in ("mmap", "mprotect"):
        assert verdict(program, on.arch, on.calls[name], 0, 4096, 3) == seccomp.ALLOW
        assert verdict(program, on.arch, on.calls[name], 0, 4096, 7) == seccomp.EPERM
    assert verdict(program, on.arch, on.calls["ioctl"], 5, 0xC058_5611) == seccomp.ALLOW  # DQBUF
    assert verdict(program, on.arch, on.calls["ioctl"], 0, 0x5412) == seccomp.EPERM  # TIOCSTI
    assert verdict(program, on.arch, on.calls["clone3"]) == seccomp.ENOSYS


def test_only_known_machines_have_a_filter(monkeypatch):
    assert seccomp.machine("x86_64") is seccomp.X86_64
    assert seccomp.machine("aarch64") is seccomp.AARCH64
    assert seccomp.machine("riscv64") is None
    monkeypatch.setattr(seccomp.sys, "maxsize", 2**31 - 1)
    assert seccomp.machine("x86_64") is None


def test_other_systems_have_no_filter(monkeypatch):
    names = types.SimpleNamespace(sysname="Darwin", machine="x86_64")
    monkeypatch.setattr(seccomp.os, "uname", lambda: names)
    assert seccomp.this_machine() is None
