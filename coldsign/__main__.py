"""``python -m coldsign``."""

import sys

if not sys.flags.safe_path:
    # ``-m`` puts the current folder first: a file named like a library's module must not be taken for it.
    del sys.path[0]

from coldsign.cli import main

main()
