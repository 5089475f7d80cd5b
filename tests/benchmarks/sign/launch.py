"""Runs one command from a small process, so that the peak memory it is told is the command's own.

A process begins as its parent, and the kernel counts that memory too. Written for `process.py`:
arguments are a file for the output and the command; gives seconds, KiB and exit status.
"""

import os
import sys
import time

output, *command = sys.argv[1:]
start = time.perf_counter()
child = os.posix_spawn(
    command[0],
    command,
    dict(os.environ),
    file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ],
)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - start, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
