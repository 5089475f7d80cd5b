"""The command line: click commands and terminal screens, and nothing else.

``main`` hardens the process before anything that could touch a secret, or be attacked, is imported.
"""

import gc
import os
import sys

from coldsign.errors import DeclinedError, UnfitError, missing_library

GARBAGE = 100_000
"""New objects between two searches for cycles of garbage. A review makes hundreds of thousands that live
to its end and have no cycles; searched as often as usual, they take a twentieth of its time."""


def main() -> None:
    """The program: harden the process, then run one command and exit with its code."""
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        from coldsign.cli.signals import STOPPED

        sys.stderr.write(f"\nerror: {STOPPED}\n")
        sys.exit(DeclinedError.exit_code)


def _ignore_module_path() -> None:
    """Look for libraries where they were installed only: ``PYTHONPATH`` must not put another in a library's place.

    The folder that coldsign itself came from stays, behind all others.
    """
    given = os.environ.get("PYTHONPATH", "")
    if not given or sys.flags.ignore_environment:
        return
    unwanted = {os.path.abspath(folder) for folder in given.split(os.pathsep)}  # noqa: PTH100 - before pathlib
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) not in unwanted]  # noqa: PTH100
    if own not in sys.path:
        sys.path.append(own)


def _run() -> int:
    from coldsign.cli.streams import flushed, open_missing

    _ignore_module_path()
    open_missing()
    from coldsign.primitives import process

    try:
        measures = process.harden()
    except UnfitError as error:
        return _unfit(error)

    from coldsign.cli.signals import stop_on_signals

    stop_on_signals()
    gc.set_threshold(GARBAGE)

    try:
        from coldsign.cli.app import run
    except ImportError as error:
        lack = missing_library(error)
        if lack is None:
            raise
        return _unfit(lack)

    return flushed(run(sys.argv[1:], measures=measures))


def _unfit(error: UnfitError) -> int:
    sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
    return error.exit_code
