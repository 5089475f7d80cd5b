"""Run the program: as a fork of the prepared interpreter (server.py), or the real one."""

import array
import contextlib
import functools
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A program of the shell's path that hands its descriptors over, and ends as the program ends. It imports
# no more than it must, or it would cost what it saves.
_SHIM = """#!{python} -IS
import os, sys
streams = []
for stream in (0, 1, 2):
    try: os.fstat(stream); streams.append(stream)
    except OSError: pass
sys.path[:0] = {extensions!r}
from _socket import socket, AF_UNIX, SOCK_SEQPACKET, SOL_SOCKET, SCM_RIGHTS
from _json import encode_basestring_ascii as text
from array import array
words = ",".join(map(text, sys.argv[1:]))
environment = ",".join(text(k) + ":" + text(v) for k, v in os.environ.items())
request = '{{"arguments":[%s],"environment":{{%s}},"folder":%s,"session":false,"quick":{quick},"streams":%s}}'
server = socket(AF_UNIX, SOCK_SEQPACKET)
server.connect({path!r})
server.sendmsg([(request % (words, environment, text(os.getcwd()), streams)).encode()],
    [(SOL_SOCKET, SCM_RIGHTS, array("i", streams).tobytes())])
for stream in streams: os.close(stream)
server.recv(64)
code = os.waitstatus_to_exitcode(int(server.recv(64)))
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


def is_real() -> bool:
    """Whether every run is to be a start of the real program."""
    return os.environ.get("COLDSIGN_REAL_PROGRAM", "") not in {"", "0"}


class _Server:
    """The prepared interpreter of this test process; it ends with it."""

    def __init__(self) -> None:
        self.path = f"{tempfile.mkdtemp(prefix='cs')}/socket"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.program.server", self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)},
        )
        weakref.finalize(self, self._process.communicate)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"


@functools.cache
def _server() -> _Server:
    return _Server()


@functools.cache
def shims(*, quick: bool) -> Path:
    """A folder for the shell's path with ``coldsign`` in it."""
    server = _server()
    folder = Path(server.path).parent / ("quick" if quick else "plain")
    folder.mkdir()
    shim = folder / "coldsign"
    found = [importlib.util.find_spec(name) for name in ("array", "_json", "_socket")]
    files = [spec.origin for spec in found if spec and spec.has_location and spec.origin]
    extensions = sorted({str(Path(file).parent) for file in files})
    shim.write_text(
        _SHIM.format(
            python=sys.executable,
            extensions=extensions,
            quick="true" if quick else "false",
            path=server.path,
        )
    )
    shim.chmod(0o755)
    return folder


class Forked:
    """A running program; what ``subprocess.Popen`` is for a real one, as far as tests need it."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        streams: tuple[int, int, int],
        folder: Path,
        environment: Mapping[str, str],
        quick: bool = False,
    ) -> None:
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
            "session": True,
            "quick": quick,
            "streams": [0, 1, 2],
        }
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(_server().path)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))
        self._socket.sendmsg([json.dumps(request).encode()], [rights])
        self.pid = int(self._socket.recv(64))
        self._code: int | None = None

    def fileno(self) -> int:
        """Ready to read when the program has ended."""
        return self._socket.fileno()

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        return self._ended(0)

    def wait(self, seconds: float) -> int:
        """The exit code, when it has ended."""
        code = self._ended(seconds)
        if code is None:
            raise subprocess.TimeoutExpired("coldsign", seconds)
        return code

    def _ended(self, seconds: float) -> int | None:
        if self._code is None and select.select([self._socket], [], [], seconds)[0]:
            self._code = os.waitstatus_to_exitcode(int(self._socket.recv(64)))
            self._socket.close()
        return self._code

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
