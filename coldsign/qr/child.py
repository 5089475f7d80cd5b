"""Starting the picture decoder and talking to it: time limits here, confinement in the child itself."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Self

from coldsign.errors import MalformedError, UnfitError
from coldsign.primitives.text import printable
from coldsign.qr.wire import LESS, TOO_MUCH, Say, pack, unpack

# The child decodes a 24-megapixel photograph with every means in about ten seconds; longer is a hang.
PATIENCE = 30.0
_CHUNK = 65536
# Neither the environment nor a file of the parent reaches the child.
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class Child:
    """One decoder process; leaving the context ends it.

    Args:
        camera: The camera's device file, where it is to watch one.
        film: An open file descriptor of a film, where it is to read one.
        patience: Seconds without an answer after which it counts as hung.
    """

    def __init__(
        self, *, camera: str = "", film: int | None = None, patience: float = PATIENCE
    ) -> None:
        arguments = [
            sys.executable,
            "-I",
            "-m",
            "coldsign.qr.decoder",
            *([camera] if camera else []),
        ]
        self._patience = patience
        self._process = _start(arguments, film)
        self._held = bytearray()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        self.second_opinion: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, say: Say, body: bytes = b"") -> Iterator[tuple[Say, bytes]]:
        """The answers to one request, each as it comes.

        Raises:
            MalformedError: The picture is at fault, or it crashed or hung the decoder.
            UnfitError: The decoder does not start on this machine.
        """
        self._send(pack(say, body))
        fault = b""
        while True:
            answer = unpack(self._read)
            if answer is None:
                raise self._ended()
            if answer[0] is Say.DONE:
                break
            if answer[0] is Say.FAULT:
                fault = answer[1]
            elif answer[0] is Say.READY:
                self.second_opinion = answer[1] == b"\1"
            else:
                yield answer
        if fault:
            hint = LESS if fault == TOO_MUCH.encode() else ""
            raise MalformedError(printable(fault, 200), hint=hint)

    def _ended(self) -> MalformedError | UnfitError:
        if self.second_opinion is None:
            return UnfitError("the picture decoder does not start", hint="coldsign doctor says why")
        return MalformedError(
            "the picture decoder crashed on this picture", hint="photograph or save it again"
        )

    def _send(self, data: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise UnfitError("the picture decoder has no input")
        left = memoryview(data)
        while left:
            if not _wait(pipe.fileno(), select.POLLOUT, self._patience):
                raise self._hung()
            try:
                left = left[os.write(pipe.fileno(), left[:_CHUNK]) :]
            except BrokenPipeError:
                return  # what it says, or that it says nothing, tells why

    def _read(self, size: int) -> bytes:
        pipe = self._process.stdout
        if pipe is None:
            raise UnfitError("the picture decoder has no output")
        until = time.monotonic() + self._patience
        while len(self._held) < size:
            if not _wait(pipe.fileno(), select.POLLIN, until - time.monotonic()):
                raise self._hung()
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                break
            self._held += chunk
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _hung(self) -> MalformedError:
        self._process.kill()
        return MalformedError(
            f"the picture decoder gave no answer for {self._patience:.0f} seconds",
            hint="use a smaller picture",
        )


def _wait(descriptor: int, event: int, seconds: float) -> bool:
    """Whether the pipe is ready, or closed, within that time."""
    poll = select.poll()
    poll.register(descriptor, event)
    return seconds > 0 and bool(poll.poll(seconds * 1000))


def _start(arguments: list[str], film: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            pass_fds=() if film is None else (film,),
            start_new_session=True,
        )
    except OSError as error:
        raise UnfitError(f"the picture decoder does not start: {error.strerror}") from error
