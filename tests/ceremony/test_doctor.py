"""The doctor on machines made of files; nothing of the machine the tests run on is looked at."""

import os
import stat
import sysconfig
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from coldsign.ceremony import airgap, checkup, doctor
from coldsign.ceremony.checkup import Check, Machine, Verdict, startup_hooks
from coldsign.ceremony.doctor import diagnose
from coldsign.ceremony.foreign import LOADER_VARIABLES

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max core file size        {core}                    0                    bytes
Max locked memory         {lock}              8388608              bytes
"""
STATUS = "Name:\tpython\nTracerPid:\t{tracer}\nNoNewPrivs:\t1\nSeccomp:\t{seccomp}\n"
ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
VERSIONS = {name: ".".join(map(str, numbers)) for name, numbers in doctor.EXPECTED.items()}


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.fixture
def fit(tmp_path):
    """A machine with nothing to complain about."""
    root = tmp_path / "root"
    write(
        root,
        {
            "sys/class/net/lo/flags": "0x9\n",
            "sys/class/net/lo/carrier": "1\n",
            "sys/class/net/eth0/flags": "0x1002\n",
            "proc/net/route": ROUTES,
            "proc/net/ipv6_route": "00000000000000000000000000000001 80 " + "0 " * 7 + "lo\n",
            "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n",
            "proc/self/limits": LIMITS.format(core=0, lock=8388608),
            "proc/self/status": STATUS.format(tracer=0, seccomp=2),
            "proc/sys/kernel/random/entropy_avail": "256\n",
            "usr/lib/x86_64-linux-gnu/libzbar.so.0": "",
            "dev/video0": "",
            "sys/class/video4linux/video0/name": "Integrated Camera\n",
            "usr/bin/gpg": "",
            "usr/bin/gpgv": "",
        },
    )
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Machine(
        root=root,
        home=home,
        environ={"PATH": "/usr/local/bin:/usr/bin"},
        now=doctor.RELEASED + 86_400,
        user=os.geteuid() or 1000,
        optimize=0,
        module_path=("/usr/lib/python3",),
        current="/home/somebody",
        hooks=(),
        dumpable=False,
        random=os.urandom,
        free_bytes=lambda _: 1 << 30,
        version_of=lambda name: VERSIONS.get(name, "1.0"),
    )


def complaints(machine):
    return {
        check.name: check.verdict
        for check in diagnose(machine.home, machine)
        if check.verdict is not OK and not (check.name == "home" and os.geteuid() == 0)
    }


def test_a_fit_machine_passes_every_check(fit):
    checks = diagnose(fit.home, fit)
    assert complaints(fit) == {}
    names = [check.name for check in checks]
    assert len(names) == len(set(names)) == 18
    assert all(check.detail for check in checks)


def test_this_machine_is_examined_by_default(tmp_path):
    checks = diagnose(tmp_path / "missing")
    assert {check.name: check.verdict for check in checks}["home"] is OK
    assert len(checks) == 18
    machine = Machine.here(tmp_path)
    assert machine.root == Path("/")
    assert machine.free_bytes(tmp_path) > 0
    assert machine.version_of("no-such-distribution") is None
    assert machine.version_of("click")


def test_a_machine_that_says_nothing_is_not_called_fit(fit, tmp_path):
    empty = replace(fit, root=tmp_path / "empty")
    found = complaints(empty)
    assert found["network-interfaces"] is WARN
    assert found["core-dumps"] is FAIL
    assert found["confinement"] is WARN
    assert found["zbar"] is WARN
    assert found["camera"] is WARN


@pytest.mark.parametrize(
    ("files", "verdict", "detail"),
    [
        ({"flags": "0x1003\n", "carrier": "1\n"}, FAIL, "connected: wlan0"),
        ({"flags": "0x1003\n", "carrier": "0\n"}, WARN, "on, not connected: wlan0"),
        ({"flags": "0x1003\n"}, WARN, "on, not connected: wlan0"),
        ({"flags": "0x1002\n", "carrier": "1\n"}, OK, "none is on (2 present)"),
        ({"flags": "?", "operstate": "up\n", "carrier": "1"}, FAIL, "connected: wlan0"),
        ({"flags": "?", "operstate": "down\n"}, OK, "none is on (2 present)"),
        ({"carrier": "1"}, FAIL, "connected: wlan0"),
    ],
    ids=["connected", "no carrier", "carrier unknown", "down", "odd flags", "odd down", "bare"],
)
def test_interfaces(fit, files, verdict, detail):
    write(fit.root, {f"sys/class/net/wlan0/{name}": text for name, text in files.items()})
    assert airgap.interfaces(fit)[:3] == ("network-interfaces", verdict, detail)


def test_interface_names_are_shown_escaped(fit):
    write(fit.root, {"sys/class/net/x\x1b[2J/flags": "0x1", "sys/class/net/x\x1b[2J/carrier": "1"})
    assert "\x1b" not in airgap.interfaces(fit).detail


@pytest.mark.parametrize(
    ("file", "text", "verdict"),
    [
        ("route", ROUTES + "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", FAIL),
        ("route", ROUTES + "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n", WARN),
        ("route", ROUTES + "lo\t0000007F\t00000000\t0001\t0\t0\t100\t000000FF\t0\t0\t0\n", OK),
        ("route", ROUTES + "short line\n", OK),
        ("ipv6_route", "0" * 32 + " 00 " + "0 " * 7 + "eth0\n", FAIL),
        ("ipv6_route", "fe80" + "0" * 28 + " 40 " + "0 " * 7 + "eth0\n", WARN),
        ("ipv6_route", "short line\n", OK),
    ],
    ids=["default", "local", "loopback", "odd", "default 6", "link 6", "odd 6"],
)
def test_routes(fit, file, text, verdict):
    write(fit.root, {f"proc/net/{file}": text})
    assert airgap.routes(fit).verdict is verdict


@pytest.mark.parametrize(
    ("soft", "hard", "verdict"),
    [("0", "0", FAIL), ("1", "0", WARN), ("0", "1", WARN), (None, None, FAIL)],
    ids=["live", "soft", "hard", "unknown"],
)
def test_radios(fit, soft, hard, verdict):
    files = {"type": "bluetooth\n"}
    if soft is not None:
        files |= {"soft": soft + "\n", "hard": hard + "\n"}
    write(fit.root, {f"sys/class/rfkill/rfkill0/{name}": text for name, text in files.items()})
    found = airgap.radios(fit)
    assert found.verdict is verdict
    assert "bluetooth" in found.detail


@pytest.mark.parametrize(
    ("device", "verdict"),
    [("/dev/sda2", FAIL), ("/swapfile", FAIL), ("/dev/dm-1", WARN), ("/dev/zram0", OK)],
)
def test_swap(fit, device, verdict):
    head = "Filename\tType\tSize\tUsed\tPriority\n"
    write(fit.root, {"proc/swaps": f"{head}{device} partition 1 0 -2\n"})
    assert airgap.swap(fit).verdict is verdict
    write(fit.root, {"proc/swaps": f"{head}{device} partition 1 0 -2\n/dev/sdb file 1 0 -3\n"})
    assert airgap.swap(fit).verdict is FAIL


def test_core_dumps_and_confinement(fit):
    assert complaints(replace(fit, dumpable=True)) == {"core-dumps": FAIL}
    for core in ("unlimited", "1024"):
        write(fit.root, {"proc/self/limits": LIMITS.format(core=core, lock=1024)})
        assert complaints(fit) == {"core-dumps": FAIL, "memory-lock": WARN}
    write(fit.root, {"proc/self/limits": LIMITS.format(core=0, lock="unlimited")})
    assert complaints(fit) == {}
    write(fit.root, {"proc/self/status": STATUS.format(tracer=0, seccomp=0)})
    assert complaints(fit) == {"confinement": WARN}
    write(fit.root, {"proc/self/status": STATUS.format(tracer=77, seccomp=2)})
    assert complaints(fit) == {"confinement": FAIL}


@pytest.mark.parametrize("name", LOADER_VARIABLES)
def test_loader_variables_fail(fit, name):
    assert complaints(replace(fit, environ=dict(fit.environ) | {name: "/evil"})) == {
        "foreign-code": FAIL
    }
    assert complaints(replace(fit, environ=dict(fit.environ) | {name: ""})) == {}


def test_other_foreign_code(fit):
    assert complaints(replace(fit, hooks=("/home/somebody/usercustomize.py",))) == {
        "foreign-code": WARN
    }
    for folder in ("", ".", "/home/somebody"):
        assert complaints(replace(fit, module_path=(folder, "/usr"))) == {"foreign-code": WARN}
    write(fit.root, {"etc/ld.so.preload": "/evil.so\n"})
    assert complaints(fit) == {"foreign-code": FAIL}


def test_the_interpreters_own_startup_hook_is_no_foreign_code():
    library = sysconfig.get_path("stdlib")
    modules = {
        "sitecustomize": ModuleType("sitecustomize"),
        "usercustomize": ModuleType("usercustomize"),
    }
    modules["sitecustomize"].__file__ = f"{library}/sitecustomize.py"
    modules["usercustomize"].__file__ = "/home/somebody/usercustomize.py"
    assert startup_hooks(modules) == ("/home/somebody/usercustomize.py",)
    modules["sitecustomize"].__file__ = f"{library}/site-packages/sitecustomize.py"
    modules["usercustomize"].__file__ = None
    assert startup_hooks(modules) == (f"{library}/site-packages/sitecustomize.py", "usercustomize")


@pytest.mark.parametrize("date", [(1970, 1, 1), (2026, 10, 31), (2100, 1, 1)])
def test_impossible_dates_warn(fit, date):
    now = datetime(*date, tzinfo=UTC).timestamp()
    assert complaints(replace(fit, now=now)) == {"clock": WARN}


def test_python_and_its_user(fit):
    assert complaints(replace(fit, optimize=2)) == {"python": FAIL}
    assert doctor.python(replace(fit, user=0)).verdict is WARN


def test_randomness(fit):
    assert complaints(replace(fit, random=bytes)) == {"randomness": FAIL}
    for text, verdict in (("12\n", WARN), ("?\n", OK)):
        write(fit.root, {"proc/sys/kernel/random/entropy_avail": text})
        assert doctor.randomness(fit).verdict is verdict


def test_libraries_are_those_of_the_project_file():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    found = {}
    for line in tomllib.loads(text)["project"]["dependencies"]:
        name, _, version = line.replace(">=", "==").partition("==")
        found[name] = tuple(map(int, version.split(".")))
        assert ("==" in line) is (name in doctor.EXACT)
    assert found == doctor.EXPECTED


@pytest.mark.parametrize(
    ("name", "version", "verdict"),
    [
        ("click", None, FAIL),
        ("click", "8.2.9", FAIL),
        ("click", "8.3.0", OK),
        ("click", "9", OK),
        ("python-bitcoinlib", "0.12.2", OK),
        ("python-bitcoinlib", "0.12.3", FAIL),
        ("wallycore", "nonsense", FAIL),
    ],
)
def test_library_versions(fit, name, version, verdict):
    found = doctor.libraries(
        replace(fit, version_of=lambda one: version if one == name else VERSIONS[one])
    )
    assert found.verdict is verdict
    assert verdict is OK or name in found.detail


def test_cameras(fit):
    assert doctor.cameras(fit).detail == "Integrated Camera"
    assert complaints(replace(fit, version_of=VERSIONS.get)) == {"films": WARN}
    write(fit.root, {"dev/video9": "", "sys/class/video4linux/video9/name": "Dummy video\x1b\n"})
    found = doctor.cameras(fit)
    assert found.verdict is WARN
    assert "\x1b" not in found.detail


def test_films(fit):
    found = doctor.films(replace(fit, version_of={"av": "18.1.0\x1b"}.get))
    assert found.verdict is OK
    assert "PyAV 18.1.0" in found.detail
    assert "\x1b" not in found.detail
    missing = doctor.films(replace(fit, version_of={}.get))
    assert missing.verdict is WARN
    assert "coldsign[camera]" in missing.hint


def test_zbar(fit):
    assert doctor.zbar(fit).verdict is OK
    (fit.root / "usr/lib/x86_64-linux-gnu/libzbar.so.0").unlink()
    assert doctor.zbar(fit).verdict is WARN


def test_gnupg(fit):
    (fit.root / "usr/bin/gpgv").unlink()
    found = doctor.gnupg(fit)
    assert (found.verdict, found.detail) == (WARN, "missing: gpgv")
    assert doctor.gnupg(replace(fit, environ={})).detail == "missing: gpg, gpgv"


def test_the_home_folder(fit, tmp_path):
    here = replace(fit, user=os.geteuid())
    assert doctor.home_folder(here).verdict is OK
    fit.home.chmod(0o750)
    assert doctor.home_folder(here).detail == "open to other users"
    assert (
        doctor.home_folder(replace(fit, user=os.geteuid() + 1)).detail == "belongs to another user"
    )
    link = tmp_path / "link"
    link.symlink_to(fit.home)
    assert doctor.home_folder(replace(here, home=link)).verdict is FAIL
    assert doctor.home_folder(replace(here, home=tmp_path / "none")).verdict is OK
    inside_a_file = tmp_path / "file" / "home"
    inside_a_file.parent.write_text("")
    assert doctor.home_folder(replace(here, home=inside_a_file)).verdict is FAIL
    assert stat.S_IMODE(fit.home.stat().st_mode) == 0o750  # looked at, not mended


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(0, FAIL), (16 << 20, WARN), (1 << 30, OK)],
    ids=["full", "tight", "roomy"],
)
def test_the_disk(fit, free, verdict):
    asked = []

    def free_bytes(folder):
        asked.append(folder)
        return free

    missing = replace(fit, home=fit.home / "not" / "made", free_bytes=free_bytes)
    assert doctor.disk(missing).verdict is verdict
    assert asked == [fit.home]


def test_a_disk_that_takes_nothing(fit, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, mode: mode == os.F_OK)
    found = doctor.disk(fit)
    assert found.verdict is FAIL
    assert found.detail == f"cannot write to the folder {fit.home}: permission denied"


def test_what_may_not_be_looked_at_counts_as_missing(fit, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    assert doctor.gnupg(fit).detail == "missing: gpg, gpgv"
    assert doctor.disk(fit).verdict is OK  # of the root's file system
    monkeypatch.setattr(Path, "lstat", refuse)
    assert doctor.home_folder(fit).detail == "cannot be read: permission denied"


def test_the_current_folder_may_be_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checkup.current_folder() == str(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert checkup.current_folder() == "."


def test_a_check_is_a_plain_value():
    assert Check("name", OK, "detail") == ("name", OK, "detail", "")
    assert checkup.Verdict("fail") is FAIL
