"""Being told to stop by the system ends a run as Ctrl-C does: the terminal restored, the journal complete."""

import os
import signal
from types import FrameType
from typing import NoReturn

STOPPED = "stopped before the end"
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def stop_on_signals() -> None:
    """From now on SIGTERM, and a terminal that is closed, are Ctrl-C; where they are ignored they stay ignored."""
    ours = os.getpid()

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        # A second signal must not break what the first one lets end, such as the journal's last line.
        signal.signal(number, signal.SIG_IGN)
        if os.getpid() != ours:
            os._exit(128 + number)
        raise KeyboardInterrupt

    for number in _ENDINGS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)
