"""age files for real; deriving the key of one of our own takes a second or two, so few are made."""

import base64
import os
import pty
import re
import select
import shutil
import time
import unicodedata

import pytest

from coldsign.errors import ColdsignError, LockedError, MalformedError, SelfCheckError, UnfitError
from coldsign.keys import agefile

PLAINTEXT = b"canary words of a test\n\n# more\n"
PASSPHRASE = "corr\N{LATIN SMALL LETTER E WITH ACUTE}ct horse"
# The same, written from age's specification alone (hashlib's scrypt, ChaCha20-Poly1305 in plain Python), with the
# smallest work factor that is taken: it opens in a tenth of a second.
QUICK = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBZMGVhMXBvSkN5V0NkK3lQdW0rWlFRIDE1Cm1TNkdoUktN"
    "U2FFZW9FOGxUd3lWVmVyQVljRE5kQVM4dksvcURMQW1iZ3MKLS0tIGg0VkJGOEplNTI3bXVYb2c3UlA0Vy94dVRS"
    "eHVUVVJpSXloVDg0T2dvSUUKeDd7UldXtJRCf4kBT5fXmfbRMOslJYy4KMzW+eu96pHncTXdqIyplFu4BVxTYZ4w"
    "/AS0Sx1sJukRASA9jHOS"
)


def header_end(sealed):
    return re.search(rb"--- .{43}\n", sealed).end()


def test_it_opens_with_the_passphrase_in_every_unicode_form():
    decomposed = unicodedata.normalize("NFD", PASSPHRASE)
    assert decomposed != PASSPHRASE
    assert agefile.work_factor(QUICK) == agefile.MIN_WORK
    assert agefile.unseal(QUICK, decomposed) == agefile.unseal(QUICK, PASSPHRASE) == PLAINTEXT


def test_wrong_passphrase_and_damage_look_the_same():
    sealed = QUICK
    body = bytearray(sealed)
    body[-1] ^= 1
    mac = bytearray(sealed)
    at = header_end(sealed) - 20
    mac[at] = ord("A") if mac[at] != ord("A") else ord("B")
    texts = set()
    for data, passphrase in (
        (sealed, "wrong"),
        (bytes(body), PASSPHRASE),
        (bytes(mac), PASSPHRASE),
    ):
        with pytest.raises(LockedError) as caught:
            agefile.unseal(data, passphrase)
        texts.add((caught.value.message, caught.value.hint, caught.value.code))
        assert caught.value.__suppress_context__
    assert len(texts) == 1


def tampered(sealed, positions):
    for position in positions:
        damaged = bytearray(sealed)
        damaged[position] ^= 1 << position % 8
        yield position, bytes(damaged)


def refused_before_work(data):
    """Whether the header alone is refused, so that nothing was derived."""
    try:
        agefile.work_factor(data)
    except MalformedError:
        return True
    return False


def test_a_flipped_byte_of_the_fixed_header_is_refused_before_any_work():
    sealed = QUICK
    salt = sealed.index(b"scrypt ") + len("scrypt ")
    factor = sealed[salt + 23 : salt + 25]
    fixed = [*range(salt), salt + 22, salt + 25]
    fixed += [header_end(sealed) - 49 + offset for offset in (0, 1, 2, 3, 4, 48)]
    for _, damaged in tampered(sealed, fixed):
        assert refused_before_work(damaged)
    for other in (b"9", b"14", b"21", b"22", b"63", b"99", b"00", b"018", b"+8", b"1e", b""):
        assert refused_before_work(sealed.replace(b" " + factor + b"\n", b" " + other + b"\n", 1))


@pytest.mark.slow
def test_a_flipped_bit_anywhere_in_the_header_is_refused():
    sealed = QUICK
    for position, damaged in tampered(sealed, range(header_end(sealed))):
        with pytest.raises(ColdsignError):
            agefile.unseal(damaged, PASSPHRASE)
        assert position >= 0


@pytest.mark.slow
def test_a_flipped_bit_of_the_body_and_other_lengths_are_refused():
    sealed = QUICK
    body = range(header_end(sealed), len(sealed), 7)
    variants = [damaged for _, damaged in tampered(sealed, body)]
    variants += [sealed[:-1], sealed + b"\0", sealed + sealed[header_end(sealed) :]]
    for damaged in variants:
        with pytest.raises(LockedError):
            agefile.unseal(damaged, PASSPHRASE)


def hostile(factor, salt=b"A" * 22):
    return b"age-encryption.org/v1\n-> scrypt %s %s\n%s\n--- %s\n" % (
        salt,
        factor,
        b"A" * 43,
        b"A" * 43,
    ) + bytes(64)


@pytest.mark.parametrize("factor", [b"1", b"14", b"21", b"30", b"40", b"99"])
def test_absurd_work_factors_are_refused_before_any_work(factor, monkeypatch):
    monkeypatch.setattr(agefile, "age", None)  # calling it would be an AttributeError
    with pytest.raises(MalformedError, match=f"work factor of {int(factor)},") as caught:
        agefile.unseal(hostile(factor), "x")
    assert caught.value.code == "work-factor"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"age-encryption.org/v1\n",
        hostile(b"18")[:-40],
        hostile(b"18") + bytes(20000),
        hostile(b"18").replace(b"v1", b"v2"),
        hostile(b"18").replace(b"scrypt", b"X25519"),
        hostile(b"18").replace(b"-> ", b"-> grease\n\n-> ", 1),
        hostile(b"18", salt=b"A" * 21 + b"B"),  # left-over bits of the base64 are set
        b"-----BEGIN AGE ENCRYPTED FILE-----\n",
    ],
    ids=["empty", "magic", "short", "long", "v2", "x25519", "two stanzas", "base64", "armored"],
)
def test_what_is_no_key_file_is_malformed(data):
    with pytest.raises(MalformedError, match="not a key file") as caught:
        agefile.unseal(data, "x")
    assert caught.value.code == "key-file"


@pytest.mark.parametrize(
    ("passphrase", "message"),
    [
        ("", "empty"),
        ("x" * 1025, "more than 1024"),
        ("canary\n", "control"),
        ("canary\0", "control"),
        ("canary\x1b[2J", "control"),
        ("canary\udcff", "not text"),
        ("canary\N{LINE SEPARATOR}", "control"),
    ],
    ids=["empty", "long", "newline", "nul", "escape", "bytes", "separator"],
)
def test_passphrases_that_cannot_be_typed_are_refused(passphrase, message):
    for use in (agefile.seal, agefile.unseal):
        with pytest.raises(MalformedError, match=message) as caught:
            use(b"x", passphrase)
        assert "canary" not in str(caught.value)


class FakeAge:
    """Stands in for pyrage where its stopwatch or its memory would have to misbehave."""

    def __init__(self, factor, plaintext):
        self.factor = factor
        self.plaintext = plaintext
        self.calls = 0

    def encrypt(self, _plaintext, _passphrase):
        self.calls += 1
        return hostile(self.factor)

    def decrypt(self, _sealed, _passphrase):
        return self.plaintext


def test_a_machine_too_busy_for_a_good_work_factor_is_unfit(monkeypatch):
    fake = FakeAge(b"12", b"")
    monkeypatch.setattr(agefile, "age", fake)
    with pytest.raises(UnfitError, match="busy") as caught:
        agefile.seal(b"x", "y")
    assert (caught.value.code, fake.calls) == ("work-factor", 5)


@pytest.mark.parametrize(("refusals", "opens"), [(4, True), (5, False)])
def test_a_machine_too_busy_to_open_a_key_file_does_not_blame_the_passphrase(
    refusals, opens, monkeypatch
):
    class BusyAge(FakeAge):
        def decrypt(self, _sealed, _passphrase):
            self.calls += 1
            if self.calls <= refusals:
                raise agefile.DecryptError("Excessive work parameter for passphrase.")
            return self.plaintext

    monkeypatch.setattr(agefile, "age", BusyAge(b"18", b"secret"))
    if opens:
        assert agefile.unseal(hostile(b"18"), "y") == b"secret"
    else:
        with pytest.raises(UnfitError, match="too busy"):
            agefile.unseal(hostile(b"18"), "y")


def test_what_does_not_decrypt_to_the_same_is_never_stored(monkeypatch):
    monkeypatch.setattr(agefile, "age", FakeAge(b"18", b"another plaintext"))
    with pytest.raises(SelfCheckError, match="does not decrypt"):
        agefile.seal(b"x", "y")


def with_a_terminal(command, passphrase, prompts):
    """Run a command on a terminal of its own and type the passphrase at each prompt."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 1024)
        except OSError:
            break
        shown += data
        if prompts and data.rstrip().endswith(b":"):
            os.write(terminal, passphrase.encode() + b"\n")
            prompts -= 1
    os.close(terminal)
    return os.waitpid(child, 0)[1], shown


def age_program():
    program = shutil.which("age")
    if program is None:
        pytest.skip("the age program is not installed")
    return program


@pytest.mark.push  # both take as long as a passphrase should: four seconds
def test_the_standard_age_program_opens_it(tmp_path):
    sealed = agefile.seal(PLAINTEXT, PASSPHRASE)
    assert b"canary" not in sealed
    assert agefile.MIN_WORK <= agefile.work_factor(sealed) <= agefile.MAX_WORK
    source, target = tmp_path / "key.age", tmp_path / "plain"
    source.write_bytes(sealed)
    command = [age_program(), "-d", "-o", str(target), str(source)]
    status, shown = with_a_terminal(command, PASSPHRASE, 1)
    assert status == 0, shown
    assert target.read_bytes() == PLAINTEXT


def test_a_file_of_the_standard_age_program_opens(tmp_path):
    source, target = tmp_path / "plain", tmp_path / "key.age"
    source.write_bytes(PLAINTEXT)
    command = [age_program(), "-p", "-o", str(target), str(source)]
    status, shown = with_a_terminal(command, PASSPHRASE, 2)
    assert status == 0, shown
    assert agefile.work_factor(target.read_bytes()) == 18
    assert agefile.unseal(target.read_bytes(), PASSPHRASE) == PLAINTEXT
