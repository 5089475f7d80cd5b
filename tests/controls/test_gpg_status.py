"""What each word on gpg's status channel comes to, without gpg."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldsign.controls import gpg, manifest
from coldsign.controls.gpg import GoodSignature, clear_sign, verify
from coldsign.controls.gpg_process import GpgAnswer
from coldsign.controls.keyring import PinnedKey, _primaries
from coldsign.errors import MalformedError, RefusedError, UnfitError

ANNA, BERT, SUBKEY, OTHER_SUBKEY = ("A" * 40, "B" * 40, "5" * 40, "6" * 40)
MADE = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)


def valid(signer=ANNA, primary=ANNA, *, made=MADE, algorithm=8, kind="00"):
    return f"VALIDSIG {signer} 2026-11-22 {made} 0 4 0 22 {algorithm} {kind} {primary}"


def good(signer=ANNA, primary=ANNA, **how):
    return ["NEWSIG", f"GOODSIG {signer[-16:]} Anna", valid(signer, primary, **how)]


@pytest.fixture
def says(monkeypatch):
    """Let gpgv say these lines, and hand back what is made of them."""

    def outcome(*lines, code=0):
        status = tuple(tuple(line.split(" ")) for line in lines)
        answer = GpgAnswer(code, status, b"", "complaint")
        monkeypatch.setattr(gpg, "run", lambda *_arguments, **_options: answer)
        return verify(b"data", b"signature", Path("ring"), now=NOW)

    return outcome


def test_a_subkey_signs_for_its_primary_key(says):
    when = datetime.fromtimestamp(MADE, UTC)
    assert says(*good(SUBKEY, ANNA)) == (GoodSignature(SUBKEY, ANNA, when),)


def test_a_manifest_signed_by_a_subkey_is_signed_by_its_owner(says, monkeypatch):
    signed = says(*good(SUBKEY, ANNA))
    monkeypatch.setattr(manifest, "verify", lambda *_arguments, **_options: signed)
    how = {"keyring": Path("ring"), "now": NOW}
    assert manifest.demand_signed(b"data", b"signature", signers=(ANNA,), **how) == signed
    with pytest.raises(RefusedError) as caught:
        manifest.demand_signed(b"data", b"signature", signers=(SUBKEY,), **how)
    assert caught.value.code == "manifest-signer-unlisted"


def test_two_subkeys_of_one_key_are_one_person(says):
    with pytest.raises(RefusedError) as caught:
        says(*good(SUBKEY, ANNA), *good(OTHER_SUBKEY, ANNA))
    assert caught.value.code == "signature-duplicate"
    assert [one.primary for one in says(*good(), *good(BERT, BERT))] == [ANNA, BERT]


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("BADSIG", "signature-bad"),
        ("EXPSIG", "signature-expired"),
        ("EXPKEYSIG", "signature-key-expired"),
        ("REVKEYSIG", "signature-key-revoked"),
        ("ERRSIG", "signature-unchecked"),
    ],
)
def test_a_word_against_a_signature_outweighs_the_good_ones(says, word, code):
    for lines in (good(), ["NEWSIG", valid()], ["NEWSIG"]):
        with pytest.raises(RefusedError) as caught:
            says(*lines, f"{word} {ANNA[-16:]} Anna")
        assert caught.value.code == code
        with pytest.raises(RefusedError):
            says(*good(BERT, BERT), *lines, f"{word} {ANNA[-16:]} Anna")


@pytest.mark.parametrize(
    "lines",
    [
        ["NEWSIG"],
        ["NEWSIG", valid()],
        ["NEWSIG", "GOODSIG A Anna"],
        ["NEWSIG", "GOODSIG A Anna", valid().rpartition(" ")[0]],
        good(algorithm=2),
        good(algorithm=1),
        good(kind="10"),
        good(kind="02"),
    ],
    ids=["nothing", "no GOODSIG", "no VALIDSIG", "short", "SHA-1", "MD5", "certification", "alone"],
)
def test_what_is_not_wholly_good_does_not_count(says, lines):
    with pytest.raises(RefusedError) as caught:
        says(*lines)
    assert caught.value.code == "signature-unchecked"


def test_words_outside_a_signature_are_none(says):
    for lines in ([], good()[1:]):
        with pytest.raises(MalformedError, match="no detached OpenPGP signature"):
            says(*lines)
    assert len(says("GOODSIG B Bert", *good())) == 1


def test_a_failure_that_no_word_explains_is_one(says):
    with pytest.raises(RefusedError, match="complaint"):
        says(*good(), code=2)


@pytest.mark.parametrize(("created", "output"), [(0, b"armor"), (2, b"armor"), (1, b"")])
def test_one_signature_is_made_or_none(monkeypatch, created, output):
    line = ("SIG_CREATED", "C", "22", "8", "01", str(MADE), ANNA)
    answer = GpgAnswer(0, (line,) * created, output, "")
    monkeypatch.setattr(gpg, "gpg", lambda *_: answer)
    with pytest.raises(UnfitError) as caught:
        clear_sign(b"text", signer=ANNA)
    assert caught.value.code == "gpg-failed"


def test_fingerprints_of_subkeys_are_nobodys():
    def line(kind, value="", signed=""):
        return [kind, *[""] * 4, signed, *[""] * 3, value]

    listed = [line("pub"), line("fpr", ANNA), line("uid", "Somebody"), line("uid", "Anna", MADE)]
    listed += [line("uid", "Anna again", MADE)]
    listed += [line("sub"), line("fpr", SUBKEY), line("pub"), line("fpr", BERT)]
    assert _primaries(listed) == [PinnedKey(ANNA, "Anna"), PinnedKey(BERT, "")]
