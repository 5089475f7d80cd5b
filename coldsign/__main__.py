"""``python -m coldsign``."""

from coldsign.cli import main

main()
