"""Other programs in the picture decoder's place."""

import sys

from coldsign.qr import child as child_module


def stand_in(monkeypatch, program):
    """Another program in the decoder's place, to see what the parent makes of it."""
    start = child_module._start
    monkeypatch.setattr(
        child_module, "_start", lambda a, f: start([sys.executable, "-c", program], f)
    )


READY = "import os,sys,time; os.write(1, b'\\0\\0\\0\\0\\1\\1');"
