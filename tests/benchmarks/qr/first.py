"""How long ``coldsign qr show`` takes, as a whole process in a terminal, until its first code is drawn."""

import fcntl
import os
import pty
import random
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

SIZE = 5000  # bytes of the PSBT
WINDOWS = ((80, 24), (120, 40), (160, 50))
_PATIENCE = 10.0
_HALF_BLOCK = "▀".encode()


def table(repeats: int) -> Iterator[str]:
    """The best and the middle of several, in milliseconds."""
    yield "| window | best ms | median ms |"
    yield "|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "request.psbt"
        file.write_bytes(b"psbt\xff" + random.Random(1).randbytes(SIZE))
        for columns, rows in WINDOWS:
            taken = sorted(first_code(file, columns, rows) for _ in range(repeats))
            best, middle = 1000 * taken[0], 1000 * taken[len(taken) // 2]
            yield f"| {columns}x{rows} | {best:.0f} | {middle:.0f} |"


def first_code(file: Path, columns: int, rows: int) -> float:
    """Seconds until a code is drawn whole: the cursor then returns to the start of its line."""
    start = time.perf_counter()
    pid, screen = pty.fork()
    if not pid:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        home = ("--home", str(file.parent / "home"))
        os.execv(sys.executable, [sys.executable, "-m", "coldsign", *home, "qr", "show", str(file)])
    seen = b""
    try:
        while _HALF_BLOCK not in seen or not seen.endswith(b"\r"):
            if not select.select([screen], [], [], _PATIENCE)[0]:
                raise TimeoutError(seen[-500:])
            seen += os.read(screen, 65536)
        return time.perf_counter() - start
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(screen)
