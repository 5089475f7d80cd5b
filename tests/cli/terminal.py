"""A person at a terminal: the program behind a pseudo-terminal, keys in, the screen out."""

import codecs
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cli.vt import Vt
from tests.program.client import Forked, is_real

PATIENCE = float(
    os.environ.get("COLDSIGN_PATIENCE", "30")
)  # seconds until a test gives up on a program that shows nothing new
PROGRAM = (sys.executable, "-m", "coldsign")
TYPED_STOP, TYPED_END = "\x03", "\x04"  # Ctrl-C, Ctrl-D


class Terminal:
    """One program in a terminal.

    Attributes:
        vt: What is on the screen.
        raw: Every character the program has written.
    """

    def __init__(
        self,
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = PROGRAM,
        stdin: int | None = None,
        stdout: int | None = None,
    ) -> None:
        self.vt = Vt(columns, rows)
        self.raw = ""
        self._typed = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._master, slave = os.openpty()
        self._size(columns, rows)
        self._before = termios.tcgetattr(slave)
        self._slave = slave
        everything = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "COLDSIGN_HOME": str(folder / "home"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "LOGNAME": "kim",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            **(environment or {}),
        }
        given = (slave if stream is None else stream for stream in (stdin, stdout))
        streams = (*given, slave)
        if program == PROGRAM and not is_real():
            self._process: Forked | subprocess.Popen[bytes] = Forked(
                arguments, streams=streams, folder=folder, environment=everything, quick=True
            )
            self._over = os.dup(self._process.fileno())
        else:
            self._process = _started([*program, *arguments], streams, folder, everything)
            self._over = os.pidfd_open(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Shut the window; a program that still runs is ended."""
        if self._master < 0:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        for opened in (self._master, self._slave, self._over):
            os.close(opened)
        self._master = -1

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """The person pulls at the window's corner."""
        self.vt.resize(columns, rows)
        self._size(columns, rows)

    def type(self, keys: str) -> None:
        """Press keys."""
        self._typed = len(self.raw)
        os.write(self._master, keys.encode())

    def line(self, text: str = "") -> None:
        """Type a line."""
        self.type(f"{text}\n")

    def terminate(self) -> None:
        """Somebody else asks the program to stop."""
        self._process.send_signal(signal.SIGTERM)

    def _read(self, deadline: float, patience: float = PATIENCE) -> bool:
        """Take what has come or comes; whether there may be more."""
        ready, _, _ = select.select([self._master, self._over], [], [], patience)
        if self._master in ready:
            data = os.read(self._master, 65536)
            text = self._decoder.decode(data)
            self.raw += text
            self.vt.feed(text)
        elif self._over in ready:
            return False
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing more came; on the screen:\n{self.vt.text}")
        return True

    def see(self, *texts: str) -> str:
        """Wait until all texts are on the screen, and return it."""
        deadline = time.monotonic() + PATIENCE
        while not all(text in self.vt.text for text in texts):
            if not self._read(deadline):
                raise AssertionError(f"ended without {texts}:\n{self.vt.text}")
        return self.vt.text

    def asked(self, question: str) -> str:
        """Wait for a question's prompt, and return the screen."""
        deadline = time.monotonic() + PATIENCE
        while not (self.vt.text.endswith("\n>") and question in _unfolded(self.vt.text)):
            if not self._read(deadline):
                raise AssertionError(f"ended without asking {question}:\n{self.vt.text}")
        return self.vt.text

    def miss(self, text: str) -> str:
        """Wait until a text has left the screen."""
        deadline = time.monotonic() + PATIENCE
        while text in self.vt.text:
            if not self._read(deadline):
                raise AssertionError(f"ended with {text} on the screen:\n{self.vt.text}")
        return self.vt.text

    def drawn(self, *texts: str, without: str = "\0") -> str:
        """Wait for a whole picture with some texts and without another."""
        deadline = time.monotonic() + PATIENCE
        while not (
            self.raw.endswith("\r")
            and all(text in self.vt.text for text in texts)
            and without not in self.vt.text
        ):
            if not self._read(deadline):
                raise AssertionError(f"ended without {texts}:\n{self.vt.text}")
        return self.vt.text

    def drain(self) -> None:
        """Take what comes until nothing more comes for a moment."""
        size = -1
        while size != len(self.raw):
            size = len(self.raw)
            for _ in range(5):
                self._read(time.monotonic() + PATIENCE, 0.02)

    def prompted(self) -> None:
        """Wait for the next prompt after what was typed last; what is typed sooner is thrown away."""
        deadline = time.monotonic() + PATIENCE
        while not self.raw[self._typed :].rstrip(" ").endswith((":", ">")):
            if not self._read(deadline):
                raise AssertionError(f"ended without a prompt:\n{self.vt.text}")

    def end(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(PATIENCE)

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was: echo on, whole lines, the cursor to be seen."""
        now = termios.tcgetattr(self._slave)
        return now[:4] == self._before[:4] and self.vt.cursor_shown

    @property
    def plain(self) -> str:
        """Everything that was written, without colours and cursor movements."""
        apart = self.raw.replace("\x1b[2J", "\n").replace("\r", "")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", apart)

    @property
    def said(self) -> list[str]:
        """The error and hint lines, and what else holds an error."""
        lines = self.plain.split("\n")
        return [line for line in lines if "error: " in line or line.startswith("hint: ")]


def _started(
    command: Sequence[str],
    streams: tuple[int, int, int],
    folder: Path,
    environment: Mapping[str, str],
) -> "subprocess.Popen[bytes]":
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=folder,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one system call
    )


def _unfolded(text: str) -> str:
    return " ".join(text.split())
