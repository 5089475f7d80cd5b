"""Is only coldsign's own code in this process? What the environment makes Python load beside it."""

from typing import Final

from coldsign.ceremony.checkup import Check, Machine, Verdict
from coldsign.primitives.text import printable

# Variables that put foreign code into this process.
LOADER_VARIABLES: Final = (
    *("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX"),
    *("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT"),
)


def foreign_code(machine: Machine) -> Check:
    """Fails where the environment makes this process load other code than coldsign's."""
    name = "foreign-code"
    found = [one for one in LOADER_VARIABLES if machine.environ.get(one)]
    if found:
        return Check(name, Verdict.FAIL, f"set: {', '.join(found)}", f"unset {' '.join(found)}")
    if (machine.text("etc/ld.so.preload") or "").strip():
        return Check(name, Verdict.FAIL, "/etc/ld.so.preload loads a library into every process")
    if machine.hooks:
        files = " and ".join(map(printable, machine.hooks))
        hint = "find out who put it there; python -I does not keep it out"
        return Check(name, Verdict.WARN, f"Python ran {files} at its start", hint)
    if {"", ".", machine.current} & set(machine.module_path):
        hint = "start the coldsign program, not python -m, or use python -I"
        return Check(name, Verdict.WARN, "modules are also looked for in the current folder", hint)
    return Check(name, Verdict.OK, "no loader variable, no start-up hook")
