"""What surrounds a run: names, links, pipes, devices, other people's modules, closed streams."""

import base64
import errno
import itertools
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coldsign.ceremony.operator import ExpectingOperator
from coldsign.keys import agefile
from coldsign.signer import sign as signing
from tests.attacks.box import honest, split
from tests.attacks.test_cli_vectors import code_of
from tests.attacks.vault import PASSPHRASE, XPRV, Vault, copied, watched
from tests.quickage import QuickAge

REQUEST = honest().raw()
OTHER = honest(change=13).raw()


def put(vault: Vault, name: str = "request.psbt") -> tuple[str, str]:
    source = vault.write(name, REQUEST)
    return source, code_of(vault.inspect(source, "W-wsh"))


def sign_to(vault: Vault, out: str, *more: str):
    source, code = put(vault)
    words = ["sign", source, "--wallet", "W-wsh", "--key", "founder", "--expect", code]
    phrase = ["--passphrase-file", str(vault.folder / "passphrase")]
    return vault.run(*words, *phrase, "--out", out, *more)


def no_output(outcome, vault: Vault) -> None:
    """Refused before the key was opened: a bad name must not cost a signature."""
    assert outcome.code in {2, 8}, outcome.err
    assert len(outcome.errors) == 1
    assert vault.unlocked == []
    assert "signed" not in outcome.document


# --- output ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("target", ["nowhere", "wallet", "request.psbt"])
def test_a_link_is_not_written_through(vault, target, force):
    aim = {"wallet": vault.home / "wallets" / "W-wsh.json"}.get(target, vault.folder / target)
    before = aim.read_bytes() if target == "wallet" else None
    out = vault.folder / "out.psbt"
    out.symlink_to(aim)
    no_output(sign_to(vault, str(out), *force), vault)
    assert out.is_symlink()
    assert target != "nowhere" or not aim.exists()
    assert target != "wallet" or aim.read_bytes() == before


@pytest.mark.parametrize("target", ["wallets/W-wsh.json", "journal.jsonl", "journal.head"])
def test_a_second_name_of_a_file_of_ours_is_not_written_through(vault, target):
    """A hard link cannot be told from a file: with --force the name is replaced, not what it names."""
    aim, out = vault.home / target, vault.folder / "out.psbt"
    put(vault)
    out.hardlink_to(aim)
    no_output(sign_to(vault, str(out)), vault)
    known = aim.read_bytes()
    assert out.read_bytes() == known
    assert sign_to(vault, str(out), "--force").code == 0
    assert out.read_bytes().startswith(b"psbt\xff")
    if "journal" not in target:
        assert aim.read_bytes() == known
    assert vault.run("journal", "verify").code == 0


@pytest.mark.parametrize("name", ["reply.exe", "reply.psbt.gz", "reply.json", "a.psbt "])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_name_of_no_known_form(vault, name, force):
    no_output(sign_to(vault, str(vault.folder / name), *force), vault)
    assert not (vault.folder / name).exists()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_what_is_no_file(vault, force):
    folder = vault.folder / "folder.psbt"
    folder.mkdir()
    pipe = vault.folder / "pipe.psbt"
    os.mkfifo(pipe)
    for out in (str(folder), str(pipe), "/dev/full", "/dev/null", "/dev/stdout"):
        if out == "/dev/stdout" and not Path(out).exists():
            continue
        no_output(sign_to(vault, out, *force), vault)
    assert not list(folder.iterdir())


def test_no_such_folder(vault):
    no_output(sign_to(vault, str(vault.folder / "no" / "reply.psbt")), vault)
    no_output(sign_to(vault, str(vault.folder / "request.psbt" / "reply.psbt")), vault)


def test_the_input_is_no_output_unless_forced(vault):
    source = str(vault.folder / "request.psbt")
    no_output(sign_to(vault, source), vault)
    assert Path(source).read_bytes() == REQUEST
    assert sign_to(vault, source, "--force").code == 0
    assert Path(source).read_bytes().startswith(b"psbt\xff")


def test_files_stay_private_whatever_the_umask(vault):
    before = os.umask(0)
    try:
        assert sign_to(vault, str(vault.reply)).code == 0
    finally:
        os.umask(before)
    for path in vault.home.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    assert not [p for p in vault.folder.rglob("*") if p.name.endswith(".tmp")]


# --- input -----------------------------------------------------------------------------------------


def test_a_pipe_is_read_once(vault):
    _, code = put(vault)
    pipe = vault.folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(REQUEST))
    writer.start()
    done = vault.sign(str(pipe), "W-wsh", code=code)
    writer.join()
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "source", ["/dev/null", "/dev/zero", "/nonexistent", "/", "/proc/self/mem"]
)
def test_sources_that_are_no_request(vault, source):
    outcome = vault.inspect(source, "W-wsh")
    assert outcome.code in {2, 3, 8}
    assert len(outcome.errors) == 1


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.psbt", "na\u202eme.psbt".encode(), b"a\nb.psbt", b"\x1b[2J.psbt"]
)
def test_names_that_are_no_text(vault, name):
    path = os.fsencode(vault.folder) + b"/" + name
    source = os.fsdecode(path)
    Path(source).write_bytes(REQUEST)
    _, code = put(vault)
    assert vault.inspect(source, "W-wsh").code == 0
    outcome = vault.sign(source, "W-wsh", code=code)
    assert outcome.code == 0
    broken = vault.inspect(source + "x", "W-wsh")
    assert broken.code in {2, 3}
    for text in (outcome.err, broken.err):
        assert text.replace("\n", "").isprintable()
        assert text.isascii()


def test_thousands_of_arguments(vault):
    source, _ = put(vault)
    outcome = vault.run("inspect", *[source] * 3, "--wallet", "W-wsh", "--accept" + "x" * 100_000)
    assert outcome.code == 2
    assert len(outcome.err) < 2_000
    many = vault.run(
        "sign", *[source] * 2_000, "--wallet", "W-wsh", "--key", "founder", "--expect", "a"
    )
    assert many.code == 2


def test_a_file_swapped_in_review_is_not_what_is_signed(vault, monkeypatch):
    """What was read once is what is shown, approved and signed (R-14)."""
    source, code = put(vault)
    real = ExpectingOperator.approve

    def swap(self, report):
        Path(source).write_bytes(OTHER)
        return real(self, report)

    monkeypatch.setattr(ExpectingOperator, "approve", swap)
    assert vault.sign(source, "W-wsh", code=code).code == 0
    assert vault.reply.read_bytes().startswith(REQUEST[:200])
    assert not vault.reply.read_bytes().startswith(OTHER[:200])


# --- secrets ---------------------------------------------------------------------------------------


def test_no_secret_from_the_environment(vault, monkeypatch):
    for name in (
        "COLDSIGN_PASSPHRASE",
        "COLDSIGN_SIGN_PASSPHRASE",
        "COLDSIGN_SECRET",
        "PASSPHRASE",
    ):
        monkeypatch.setenv(name, PASSPHRASE)
    monkeypatch.setenv("COLDSIGN_SIGN_PASSPHRASE_FILE", str(vault.folder / "passphrase"))
    monkeypatch.setenv("COLDSIGN_PASSPHRASE_FILE", str(vault.folder / "passphrase"))
    monkeypatch.setenv("COLDSIGN_SIGN_ACCEPT", "fee-high")
    source, code = put(vault)
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        outcome = vault.run(
            "sign", source, "--wallet", "W-wsh", "--key", "founder", "--expect", code
        )
    assert outcome.code == 5
    assert vault.unlocked == []


@pytest.mark.parametrize(
    "words",
    [
        ("--passphrase", PASSPHRASE),
        (f"--passphrase={PASSPHRASE}",),
        ("--secret", PASSPHRASE),
        ("--mnemonic", PASSPHRASE),
        ("--passphrase-fd", PASSPHRASE),
    ],
)
def test_no_secret_on_the_command_line(vault, words):
    source, code = put(vault)
    base = ["sign", source, "--wallet", "W-wsh", "--key", "founder", "--expect", code]
    outcome = vault.run(*base, *words)
    assert outcome.code == 2
    assert vault.unlocked == []


def test_no_switch_turns_checks_off(vault, monkeypatch):
    for name in (
        "COLDSIGN_INSECURE",
        "COLDSIGN_DEBUG",
        "COLDSIGN_YES",
        "DEBUG",
        "COLDSIGN_NO_CHECKS",
    ):
        monkeypatch.setenv(name, "1")
    hostile = honest()
    hostile.ins[0].append([b"\x03", b"\x02\0\0\0"])
    source = vault.write("hostile.psbt", hostile.raw())
    seen = vault.inspect(source, "W-wsh")
    accept = ["sighash-not-all", "all", "*"]
    outcome = vault.sign(source, "W-wsh", code=code_of(seen), accept=accept)
    assert (outcome.code, vault.unlocked) == (4, [])
    for switch in ("--insecure", "--yes", "--no-checks", "--force-sign", "--debug"):
        outcome = vault.sign(source, "W-wsh", code=code_of(seen), more=[switch])
        assert (outcome.code, vault.unlocked) == (2, [])


def test_no_canary_in_any_file_or_output(vault):
    source, code = put(vault)
    outcome = vault.sign(source, "W-wsh", code=code)
    assert outcome.code == 0
    given = {vault.folder / "passphrase"}
    written = [p.read_bytes() for p in vault.folder.rglob("*") if p.is_file() and p not in given]
    everything = b"".join([*written, outcome.out.encode(), outcome.err.encode()])
    assert PASSPHRASE.encode() not in everything
    for piece in (XPRV[:40], XPRV[-40:]):
        assert piece.encode() not in everything
    from tests.review.build import secret

    for cosigner_path in (
        (),
        (0x80000030,),
        (0x80000030, 0x80000000, 0x80000000, 0x80000002, 0, 3),
    ):
        scalar = secret(0, cosigner_path)
        assert scalar not in everything
        assert scalar.hex().encode() not in everything
        assert base64.b64encode(scalar)[:-2] not in everything


WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
watched_writes: list[str] | None = None


def _note_write(event, arguments):
    """An audit hook, which stays for good: it looks only while a test does."""
    if watched_writes is not None and event == "open" and arguments[2] & WRITING:
        watched_writes.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note_write)


def test_nothing_is_written_beside_the_home_and_the_reply(vault, monkeypatch):
    """KF-12: no temporary copy elsewhere, however short it lives, neither of a key nor of what it signs."""
    monkeypatch.setattr(agefile, "age", QuickAge())
    source, code = put(vault)
    secret, phrase = (
        vault.write("secret", XPRV),
        ("--passphrase-file", vault.write("p", PASSPHRASE)),
    )
    (vault.folder / "secret").chmod(0o600)
    monkeypatch.setattr(sys.modules[__name__], "watched_writes", [])
    runs = (
        vault.run("key", "import", "second", "--from", "xprv", "--secret-file", secret, *phrase),
        vault.run("key", "show", "second"),
        vault.run("key", "remove", "second", "--yes"),
        vault.sign(source, "W-wsh", code=code),
    )
    opened, home = list(watched_writes or ()), f"{vault.home}/"
    monkeypatch.setattr(sys.modules[__name__], "watched_writes", None)
    assert [done.code for done in runs] == [0] * 4, [done.err for done in runs]
    assert any(Path(path).parent == vault.home / "keys" for path in opened)
    assert any("journal" in path for path in opened)
    elsewhere = {path for path in opened if not path.startswith(home)} - {
        str(vault.home),
        "/dev/null",
    }
    assert {Path(path).parent for path in elsewhere} == {vault.folder}


def test_a_disk_that_fills_at_any_step_lets_out_no_signature_that_is_not_recorded(
    pristine, tmp_path, monkeypatch
):
    """E-18: each time the system is told to keep something for good, it has no room for it."""
    real, ends = os.fsync, []
    for step in itertools.count():
        vault = copied(pristine, tmp_path / str(step))
        watched(monkeypatch, vault)
        source, code = put(vault)
        left = itertools.count(step, -1)

        def full(descriptor, left=left):
            if next(left) == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        outcome = vault.sign(source, "W-wsh", code=code)
        monkeypatch.setattr(os, "fsync", real)
        kinds = vault.kinds()
        if vault.unlocked or vault.reply.exists():
            assert "intent" in kinds
        if vault.reply.exists():
            assert split(vault.reply.read_bytes())
            assert "signed" in kinds
        assert vault.run("journal", "verify").code == 0
        ends.append((outcome.code, vault.reply.exists(), bool(vault.unlocked)))
        if next(left) > 0:
            break
    assert ends[-1] == (0, True, True)
    assert ends[0] == (8, False, False)
    assert {end[0] for end in ends} == {0, 8}
    assert len(ends) > 4


def test_a_bit_that_flips_in_a_signature_lets_nothing_out(vault, monkeypatch):
    """N-03: of a faulty deterministic signature the secret follows."""
    real, source, code = signing.sign_ecdsa, *put(vault)

    def faulty(secret, digest):
        made = bytearray(real(secret, digest))
        made[40] ^= 4
        return bytes(made)

    monkeypatch.setattr(signing, "sign_ecdsa", faulty)
    outcome = vault.sign(source, "W-wsh", code=code)
    assert (outcome.code, outcome.document["error"]["code"]) == (1, "self-check-failed")
    assert "signed" not in outcome.document
    assert not vault.reply.exists()
    assert vault.kinds() == ["intent", "abandoned", "halted"]
    monkeypatch.setattr(signing, "sign_ecdsa", real)
    assert vault.sign(source, "W-wsh", code=code).code == 7
    assert not vault.reply.exists()


# --- the program itself ----------------------------------------------------------------------------

SHADOWS = (
    "qrcode",
    "bitcoin",
    "wallycore",
    "click",
    "pyrage",
    "PIL",
    "rich",
    "json",
    "hashlib",
    "segno",
)


@pytest.fixture
def trap(tmp_path):
    """A folder full of modules that leave a mark when they are imported."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in SHADOWS:
        code = f"import pathlib\npathlib.Path({str(tmp_path / 'sprung')!r}).touch()\nraise SystemExit(66)\n"
        (folder / f"{name}.py").write_text(code)
    return folder


def programs() -> list[list[str]]:
    script = Path(sys.executable).with_name("coldsign")
    return [[sys.executable, "-m", "coldsign"], *([[str(script)]] if script.exists() else [])]


@pytest.mark.parametrize("program", programs(), ids=["module", "script"][: len(programs())])
def test_modules_in_the_current_folder_are_not_imported(program, vault, trap, tmp_path):
    source, _ = put(vault)
    words = ["--home", str(vault.home), "inspect", source, "--wallet", "W-wsh"]
    root = Path(__file__).resolve().parent.parent.parent
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    if program[1:2] == ["-m"] and not _installed(program, environment):
        pytest.skip("coldsign is not installed for this interpreter")
    done = subprocess.run(
        [*program, *words], cwd=trap, env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, (done.stderr, root)
    assert not (tmp_path / "sprung").exists()


def _installed(program: list[str], environment: dict[str, str]) -> bool:
    return (
        subprocess.run(
            [program[0], "-I", "-c", "import coldsign"],
            env=environment,
            check=False,
            capture_output=True,
        ).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("redirect", "codes"),
    [("<&-", {0}), (">&-", {0, 8}), (">/dev/full", {8}), ("2>&-", {0}), ("<&- >&- 2>&-", {0, 8})],
)
def test_closed_streams(vault, redirect, codes, tmp_path):
    source, _ = put(vault)
    command = f'exec "$0" -m coldsign --home "$1" inspect "$2" --wallet W-wsh {redirect}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, str(vault.home), source],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        cwd=Path(__file__).resolve().parent.parent.parent,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in codes, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
