"""Kill a child at each of its steps onto the disk, as a power cut would, and look at the rest."""

import os
from collections.abc import Callable
from typing import Any

STEPS = ("write", "fsync", "rename", "link", "unlink", "ftruncate", "mkdir", "replace")
_KILLED = 99
_MOST_STEPS = 200


def steps_survived(action: Callable[[], object], *, check: Callable[[], None]) -> int:
    """Run ``action`` in a child that dies at its 1st, 2nd, … step; ``check`` after each death.

    A write dies with half of its bytes written; every other step dies undone. Returns how many
    steps the undisturbed action has; ``check`` must put back what the next run begins with.
    """
    for step in range(1, _MOST_STEPS):
        child = os.fork()
        if not child:
            _die_at(step)
            action()
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in {0, _KILLED}, f"the child failed by itself with {code}"
        check()
        if code == 0:
            return step - 1
    raise AssertionError("the action never ends")


def _die_at(step: int) -> None:
    taken = 0

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == step:
                if name == "write":
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                os._exit(_KILLED)
            return real(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, counted(name, getattr(os, name)))
