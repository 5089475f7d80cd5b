"""The command line: click commands and terminal screens, and nothing else.

``main`` hardens the process before anything that could touch a secret, or be attacked, is imported.
"""

import sys

from coldsign.errors import UnfitError


def main() -> None:
    """The program: harden the process, then run one command and exit with its code."""
    from coldsign.primitives import process

    try:
        measures = process.harden()
    except UnfitError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        sys.exit(error.exit_code)

    from coldsign.cli.app import run

    sys.exit(run(sys.argv[1:], measures=measures))
