"""Is the machine alone? Interfaces, routes and radios, read from the kernel's files: no socket is opened."""

from typing import Final

from coldsign.ceremony.checkup import Check, Machine, Verdict
from coldsign.errors import UnfitError
from coldsign.primitives.text import printable

_IFF_UP: Final = 1  # linux/if.h
_LOOPBACK: Final = "lo"
_CUT: Final = "pull the cable, or take the interface down: ip link set NAME down"


def interfaces(machine: Machine) -> Check:
    """Fails where an interface is up and has a carrier; warns where one is merely switched on."""
    name = "network-interfaces"
    folder = "sys/class/net"
    if not machine.entries(folder):
        return Check(name, Verdict.WARN, "the kernel does not say which interfaces there are")
    found = [path.name for path in machine.entries(folder) if path.name != _LOOPBACK]
    switched_on = [one for one in found if _is_up(machine, f"{folder}/{one}")]
    connected = [one for one in switched_on if _has_carrier(machine, f"{folder}/{one}")]
    if connected:
        return Check(name, Verdict.FAIL, f"connected: {_listed(connected)}", _CUT)
    if switched_on:
        return Check(name, Verdict.WARN, f"on, not connected: {_listed(switched_on)}", _CUT)
    return Check(name, Verdict.OK, f"none is on ({len(found)} present)")


def routes(machine: Machine) -> Check:
    """Fails where there is a default route, warns at any other route off this machine."""
    name = "network-routes"
    found = _routes_4(machine) + _routes_6(machine)
    if not found:
        return Check(name, Verdict.OK, "none leads off this machine")
    devices = _listed(sorted({device for device, _ in found}))
    if any(is_default for _, is_default in found):
        return Check(name, Verdict.FAIL, f"a default route leads out by {devices}", _CUT)
    return Check(name, Verdict.WARN, f"a route leads out by {devices}", _CUT)


def radios(machine: Machine) -> Check:
    """Fails where a radio is not blocked; a blocked one is a warning, because software can unblock it."""
    name = "radios"
    live: list[str] = []
    blocked: list[str] = []
    for path in machine.entries("sys/class/rfkill"):
        at = f"sys/class/rfkill/{path.name}"
        kind = (machine.text(f"{at}/type") or "radio").strip()
        states = [(machine.text(f"{at}/{one}") or "0").strip() for one in ("soft", "hard")]
        (blocked if "1" in states else live).append(kind)
    if live:
        hint = "switch it off: rfkill block all, or better take the module out"
        return Check(name, Verdict.FAIL, f"not blocked: {_listed(live)}", hint)
    if blocked:
        hint = "blocked by a switch that programs can turn; a machine without radios is better"
        return Check(name, Verdict.WARN, f"blocked: {_listed(blocked)}", hint)
    return Check(name, Verdict.OK, "none found")


def swap(machine: Machine) -> Check:
    """Fails where memory can be written to a disk in the clear."""
    name = "swap"
    lines = (machine.text("proc/swaps") or "").splitlines()[1:]
    found = [line.split()[0] for line in lines if line.strip()]
    on_disk = [one for one in found if not one.startswith("/dev/zram")]
    mapped = [one for one in on_disk if one.startswith(("/dev/dm-", "/dev/mapper/"))]
    if not found:
        return Check(name, Verdict.OK, "none")
    if not on_disk:
        return Check(name, Verdict.OK, "compressed memory only")
    hint = "swapoff -a, and remove swap from /etc/fstab"
    if on_disk == mapped:
        return Check(name, Verdict.WARN, f"{_listed(mapped)}: safe only if encrypted", hint)
    return Check(name, Verdict.FAIL, f"secrets can reach the disk: {_listed(on_disk)}", hint)


CHECKS: Final = (interfaces, routes, radios, swap)


def _is_up(machine: Machine, at: str) -> bool:
    flags = (machine.text(f"{at}/flags") or "").strip()
    try:
        return bool(int(flags, 16) & _IFF_UP)
    except ValueError:
        return (machine.text(f"{at}/operstate") or "up").strip() not in ("down", "notpresent")


def _has_carrier(machine: Machine, at: str) -> bool:
    return (machine.text(f"{at}/carrier") or "").strip() == "1"


def _routes_4(machine: Machine) -> list[tuple[str, bool]]:
    """Device and whether it is the default, for each IPv4 route off the machine."""
    rows = [line.split() for line in (machine.text("proc/net/route") or "").splitlines()[1:]]
    return [
        (row[0], row[1] == "0" * 8 and row[7] == "0" * 8)
        for row in rows
        if len(row) > 7 and row[0] != _LOOPBACK
    ]


def _routes_6(machine: Machine) -> list[tuple[str, bool]]:
    """The same for IPv6; a default route is the empty prefix, length 0."""
    rows = [line.split() for line in (machine.text("proc/net/ipv6_route") or "").splitlines()]
    return [
        (row[9], row[0] == "0" * 32 and row[1] == "00")
        for row in rows
        if len(row) > 9 and row[9] != _LOOPBACK
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(printable(name) for name in names)


def demand_alone(machine: Machine) -> None:
    """Let only a machine pass that is on no network and writes no memory to a disk.

    Raises:
        UnfitError: It is connected, a radio is on, or it swaps; the first reason is named.
    """
    for check in CHECKS:
        found = check(machine)
        if found.verdict is Verdict.FAIL:
            raise UnfitError(
                f"the policy lets only an offline machine sign: {found.name}: {found.detail}",
                hint=found.hint,
                code="not-offline",
            )
