"""One interpreter that has imported coldsign; each run of the program is a fork of it.

Most of the time of a short command goes into starting an interpreter and importing. A fork of a process
that has done both behaves as the program does: it has its own process, descriptors, folder, environment
and terminal, hardens itself, and ends with its exit code. What it cannot show, the start-up itself, is
tested by those tests that start the real program (tests/attacks, tests/live, tests/test_packaging.py),
and by all others with COLDSIGN_REAL_PROGRAM=1.

    python -m tests.program.server FOLDER/SOCKET     serves until its standard input ends, then deletes FOLDER

A request is one message: JSON with the arguments, the environment, the folder, whether the program leads
a session on the terminal of its standard output, whether key files get the smallest work factor
(tests/quickage.py), and which of the standard streams are open: their descriptors come with it. Two
answers come back: the process's id, and in the end its wait status.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import sys
import termios
import traceback
import types
from pathlib import Path
from typing import Any, NoReturn

import coldsign

MAX_MESSAGE = 1 << 20
# Nothing may be imported before the process is hardened but by those who want it; the camera is not there.
_APART = {"coldsign.__main__", "coldsign.qr.decoder"}


def prepare() -> None:
    """Import what any command might."""
    for found in pkgutil.walk_packages(coldsign.__path__, "coldsign."):
        if found.name not in _APART:
            importlib.import_module(found.name)
    for name in ("PIL.Image", "PIL.PngImagePlugin", "qrcode", "rich.console", "zxingcpp"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def serve(path: str) -> None:
    """Fork one program for each request until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while sys.stdin.fileno() not in select.select([0, listener], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _supervised(connection)
            connection.close()


def _supervised(connection: socket.socket) -> NoReturn:
    """Never return into the server, whatever happens."""
    try:
        _supervise(connection)
    except BaseException:  # noqa: BLE001 - there is nobody above
        traceback.print_exc()
    finally:
        os._exit(1)


def _supervise(connection: socket.socket) -> NoReturn:
    """Start the program as a child of this process, which waits for it and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, ancillary, _, _ = connection.recvmsg(MAX_MESSAGE, socket.CMSG_SPACE(12))
    received = array.array("i")
    for _, _, data in ancillary:
        received.frombytes(data)
    request = json.loads(message)
    program = os.fork()
    if program == 0:
        connection.close()
        _become(request, dict(zip(request["streams"], received, strict=True)))
    for stream in (0, 1, 2, *received):
        os.close(stream)
    connection.send(b"%d" % program)
    _, status = os.waitpid(program, 0)
    with contextlib.suppress(BrokenPipeError):  # whoever asked has gone
        connection.send(b"%d" % status)
    os._exit(0)


def _become(request: dict[str, Any], streams: dict[int, int]) -> NoReturn:
    """Be the program."""
    for number in range(3):
        if number in streams:
            os.dup2(streams[number], number)
        else:
            os.close(number)
    os.closerange(3, 256)
    if request["session"]:
        os.setsid()
        import fcntl

        fcntl.ioctl(2, termios.TIOCSCTTY, 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["coldsign", *request["arguments"]]
    # What the interpreter does at its start (`create_stdio` in CPython's pylifecycle.c).
    sys.stdin = sys.__stdin__ = _stream(0, "r", "surrogateescape")
    sys.stdout = sys.__stdout__ = _stream(1, "w", "surrogateescape")
    sys.stderr = sys.__stderr__ = _stream(2, "w", "backslashreplace", buffering=1)
    sys.modules["__main__"] = types.ModuleType("__main__")
    if request["quick"]:
        from coldsign.keys import agefile
        from tests.quickage import QuickAge

        agefile.age = QuickAge()
    os._exit(_main())


def _stream(number: int, mode: str, errors: str, *, buffering: int = -1) -> Any:
    try:
        os.fstat(number)
    except OSError:
        return None  # closed by whoever started the program
    newline = None if mode == "r" else "\n"
    return os.fdopen(number, mode, buffering, "utf-8", errors, newline, closefd=False)


def _main() -> int:
    from coldsign.cli import main

    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the interpreter's own last word
        traceback.print_exc()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120  # the interpreter's own code for it
    return code


if __name__ == "__main__":
    prepare()
    served_at = Path(sys.argv[1])
    try:
        serve(str(served_at))
    finally:
        shutil.rmtree(served_at.parent)  # made for this one server
