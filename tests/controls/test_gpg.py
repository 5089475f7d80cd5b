"""Signatures by real keys: only what gpgv calls good, by a sound pinned key, counts."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coldsign.controls import gpg_process, keyring
from coldsign.controls.gpg import clear_sign, fingerprint, seal, verify
from coldsign.controls.keyring import list_keys, pin, pinned, ring_path, unpin
from coldsign.controls.manifest import demand_signed
from coldsign.errors import LockedError, MalformedError, RefusedError, UnfitError, UsageError

DATA = b"id,address,sats\n"


def now() -> datetime:
    return datetime.now(UTC)


def refused(cast, signature: bytes, data: bytes = DATA) -> str:
    with pytest.raises(RefusedError) as caught:
        verify(data, signature, cast.ring, now=now())
    return caught.value.code


class TestVerify:
    def test_a_good_signature(self, cast):
        signature = cast.gpg.sign("anna", DATA)
        (good,) = verify(DATA, signature, cast.ring, now=now())
        assert good.primary == good.fingerprint == cast.anna
        assert abs(now() - good.when) < timedelta(hours=1)

    def test_binary_and_several(self, cast):
        signature = cast.gpg.gpg("-u", "anna", "-u", "bert", "--detach-sign", data=DATA)
        found = verify(DATA, signature, cast.ring, now=now())
        assert {good.primary for good in found} == {cast.anna, cast.bert}

    def test_changed_data(self, cast):
        assert refused(cast, cast.gpg.sign("anna", DATA), DATA + b"x") == "signature-bad"

    def test_a_stranger(self, cast):
        assert refused(cast, cast.gpg.sign("stranger", DATA)) == "signature-key-unknown"

    def test_one_bad_among_good(self, cast):
        signature = cast.gpg.gpg("-u", "anna", "-u", "stranger", "--detach-sign", data=DATA)
        assert refused(cast, signature) == "signature-key-unknown"

    def test_an_expired_key(self, cast):
        signature = cast.gpg.sign("expired", DATA, "--faked-system-time=20200201T000000!")
        assert refused(cast, signature) == "signature-key-expired"

    def test_a_signature_from_the_future(self, cast):
        signature = cast.gpg.sign("anna", DATA, "--faked-system-time=20400101T000000!")
        with pytest.raises(RefusedError, match="in this machine's future") as caught:
            verify(DATA, signature, cast.ring, now=now())
        assert "clock says" in caught.value.hint

    def test_a_clock_at_1970_is_a_clear_error(self, cast):
        signature = cast.gpg.sign("anna", DATA)
        with pytest.raises(RefusedError, match="future") as caught:
            verify(DATA, signature, cast.ring, now=datetime(1970, 1, 1, tzinfo=UTC))
        assert "1970-01-01" in caught.value.hint

    @pytest.mark.parametrize("junk", [b"", b"junk", b"\x00" * 100, b"\xff" * 5000])
    def test_no_signature_at_all(self, cast, junk):
        with pytest.raises((MalformedError, RefusedError)):
            verify(DATA, junk, cast.ring, now=now())

    def test_a_public_key_is_no_signature(self, cast):
        with pytest.raises(MalformedError, match="no detached OpenPGP signature"):
            verify(DATA, cast.gpg.gpg("--armor", "--export", "anna"), cast.ring, now=now())

    def test_no_ring(self, cast, tmp_path):
        signature = cast.gpg.sign("anna", DATA)
        with pytest.raises(RefusedError, match="not pinned"):
            verify(DATA, signature, tmp_path / "none.gpg", now=now())

    def test_sha1_is_not_enough(self, cast):
        try:
            signature = cast.gpg.sign("anna", DATA, "--digest-algo=RIPEMD160", "--weak-digest=MD5")
        except subprocess.CalledProcessError:
            pytest.skip("this gpg will not make a weak signature")
        assert refused(cast, signature) == "signature-unchecked"


def judged(status) -> str:
    from coldsign.controls import gpg

    groups = gpg._signatures(tuple(status))
    with pytest.raises(RefusedError) as caught:
        gpg._judged(groups[0], now())
    return caught.value.code


class TestStatusChannel:
    """What cannot be made with an honest gpg, as its status lines."""

    VALID = (
        "VALIDSIG",
        "F" * 40,
        "2026-01-01",
        "1767225600",
        "0",
        "4",
        "0",
        "22",
        "8",
        "00",
        "A" * 40,
    )

    @pytest.mark.parametrize(
        ("lines", "code"),
        [
            ([("BADSIG", "X", "anna")], "signature-bad"),
            ([("EXPSIG", "X", "anna"), VALID], "signature-expired"),
            ([("EXPKEYSIG", "X", "anna"), VALID], "signature-key-expired"),
            ([("REVKEYSIG", "X", "anna"), VALID], "signature-key-revoked"),
            ([("GOODSIG", "X", "anna"), VALID, ("BADSIG", "X")], "signature-bad"),
            ([("ERRSIG", "X", "22", "8", "00", "1", "6")], "signature-unchecked"),
            ([("ERRSIG", "X", "22", "8", "00", "1", "9")], "signature-key-unknown"),
            ([("ERRSIG", "X", "22", "8", "00", "1", "9", "F")], "signature-key-unknown"),
            ([VALID], "signature-unchecked"),
            ([("GOODSIG", "X", "anna")], "signature-unchecked"),
            ([("GOODSIG", "X"), (*VALID[:8], "2", *VALID[9:])], "signature-unchecked"),
            ([("GOODSIG", "X"), (*VALID[:9], "10", *VALID[10:])], "signature-unchecked"),
            ([], "signature-unchecked"),
        ],
    )
    def test_anything_but_good_is_refused(self, lines, code):
        assert judged([("NEWSIG",), *lines]) == code

    def answer(self, monkeypatch, *status, code=0):
        from coldsign.controls import gpg

        found = gpg_process.GpgAnswer(code, status, b"", "it went wrong")
        monkeypatch.setattr(gpg, "run", lambda *_a, **_k: found)
        monkeypatch.setattr(gpg, "gpg", lambda *_a, **_k: found)

    def test_lines_before_the_first_signature_count_for_nothing(self, monkeypatch):
        self.answer(monkeypatch, ("GOODSIG", "X"), self.VALID)
        with pytest.raises(MalformedError):
            verify(DATA, b"", Path("ring"), now=now())

    def test_an_exit_code_refuses_too(self, monkeypatch):
        self.answer(monkeypatch, ("NEWSIG",), ("GOODSIG", "X"), self.VALID, code=2)
        with pytest.raises(RefusedError, match="gpgv: it went wrong"):
            verify(DATA, b"", Path("ring"), now=now())

    def test_one_person_twice(self, monkeypatch):
        good = (("NEWSIG",), ("GOODSIG", "X"), self.VALID)
        self.answer(monkeypatch, *good, *good)
        with pytest.raises(RefusedError, match="is there twice") as caught:
            verify(DATA, b"", Path("ring"), now=now())
        assert caught.value.code == "signature-duplicate"

    def test_gpg_made_nothing(self, monkeypatch):
        self.answer(monkeypatch)
        with pytest.raises(UnfitError, match="no signature"):
            clear_sign(DATA, signer="anna")

    def test_gpg_failed(self, monkeypatch):
        self.answer(monkeypatch, code=2)
        with pytest.raises(UnfitError, match="could not sign: it went wrong"):
            clear_sign(DATA, signer="anna")


class TestSigning:
    def test_clear(self, cast):
        made = clear_sign(b"text\n", signer="bert", environment=cast.gpg.environment)
        assert made.armored.startswith(b"-----BEGIN PGP SIGNED MESSAGE-----\n")
        assert made.fingerprint == cast.bert

    def test_sealed(self, cast):
        environment = cast.gpg.environment
        sealed = seal(DATA, signer=cast.anna, recipients=[cast.desk], environment=environment)
        assert sealed.startswith(b"-----BEGIN PGP MESSAGE-----\n")
        assert cast.gpg.gpg("--decrypt", data=sealed) == DATA
        signed = seal(DATA, signer=cast.anna, recipients=[], environment=environment)
        assert cast.gpg.gpg("--decrypt", data=signed) == DATA

    @pytest.mark.parametrize("signer", ["nobody", "--version", "DEADBEEF"])
    def test_no_such_key(self, cast, signer):
        with pytest.raises(LockedError, match="no such key"):
            clear_sign(DATA, signer=signer, environment=cast.gpg.environment)

    @pytest.mark.parametrize("signer", ["", "a\nb", "\x1b"])
    def test_an_unprintable_signer(self, signer):
        with pytest.raises(UsageError, match="printable"):
            clear_sign(DATA, signer=signer, environment={})

    def test_a_recipient_is_a_fingerprint(self, cast):
        for recipient in ("desk", "ABCD", "--yes", cast.desk[:-1] + "G"):
            with pytest.raises(MalformedError, match="not an OpenPGP fingerprint"):
                seal(DATA, signer=cast.anna, recipients=[recipient], environment={})

    def test_a_recipient_that_gpg_cannot_encrypt_to(self, cast):
        for recipient in ("A" * 40, cast.anna):  # unknown; known, and for signatures alone
            environment = cast.gpg.environment
            with pytest.raises(LockedError, match="no such key to encrypt to") as caught:
                seal(DATA, signer=cast.anna, recipients=[recipient], environment=environment)
            assert caught.value.code == "no-such-recipient"

    def test_fingerprints(self):
        assert fingerprint("ab" * 20) == "AB" * 20
        assert fingerprint("ab" * 32) == "AB" * 32


class TestProcess:
    def test_a_missing_program(self, monkeypatch):
        monkeypatch.setattr(gpg_process, "_FOLDERS", "/nowhere")
        with pytest.raises(UnfitError, match="gpgv is not installed") as caught:
            verify(DATA, b"", Path("ring"), now=now())
        assert caught.value.code == "gpg-missing"

    def test_a_program_that_never_ends(self):
        with pytest.raises(UnfitError, match="did not end within 0 seconds"):
            gpg_process.run(
                "gpg", ("--list-packets",), ("/dev/zero",), seconds=0.05, environment={}
            )

    def test_only_what_an_agent_needs_is_passed_on(self, monkeypatch):
        monkeypatch.setenv("LD_PRELOAD", "x")
        monkeypatch.setenv("GPG_TTY", "/dev/pts/1")
        passed = gpg_process._environment(None)
        assert "LD_PRELOAD" not in passed
        assert passed["GPG_TTY"] == "/dev/pts/1"
        assert gpg_process._environment({"GNUPGHOME": "/x", "PATH": "/evil"})["PATH"] != "/evil"


class TestPinning:
    def test_named_keys_only(self, cast, tmp_path):
        home = tmp_path / "home"
        assert pinned(home) == ()
        found = pin(home, cast.gpg.export(), [cast.anna])
        assert [(key.fingerprint, key.user) for key in found] == [(cast.anna, "anna")]
        armored = cast.gpg.gpg("--armor", "--export", "bert")
        assert {key.fingerprint for key in pin(home, armored, [cast.bert])} == {
            cast.anna,
            cast.bert,
        }
        assert {key.user for key in unpin(home, cast.anna)} == {"bert"}
        assert unpin(home, cast.bert) == ()
        with pytest.raises(MalformedError, match="is not pinned"):
            unpin(home, cast.bert)

    def test_what_no_longer_counts_is_told(self, cast):
        states = {key.fingerprint: key.state for key in list_keys(cast.ring.read_bytes())}
        assert states[cast.anna] == ""
        assert states[cast.expired] == "expired"
        assert states[cast.revoked] == "revoked"

    def test_a_message_that_is_signed_is_no_detached_signature(self, cast):
        for how in ("--sign", "--clear-sign"):
            made = cast.gpg.gpg("--local-user=anna", "--armor", how, data=DATA)
            with pytest.raises(MalformedError, match="no detached") as caught:
                verify(DATA, made, cast.ring, now=now())
            assert "--detach-sign" in caught.value.hint

    def test_a_revocation_arrives(self, cast, tmp_path):
        home = tmp_path / "home"
        for gpg in keys_of_their_own():
            dora = gpg.make("dora")
            pin(home, gpg.export(), [dora])
            signature = gpg.sign("dora", DATA)
            assert verify(DATA, signature, ring_path(home), now=now())[0].primary == dora
            gpg.revoke(dora)
            pin(home, gpg.export(), [dora])
            with pytest.raises(RefusedError) as caught:
                verify(DATA, signature, ring_path(home), now=now())
            assert caught.value.code == "signature-key-revoked"

    def test_a_key_that_is_not_there(self, cast, tmp_path):
        with pytest.raises(MalformedError, match="does not hold"):
            pin(tmp_path / "home", cast.gpg.export("anna"), [cast.bert])

    def test_secret_keys_are_refused(self, cast, tmp_path):
        secret = cast.gpg.gpg("--export-secret-keys", "anna")
        with pytest.raises(MalformedError, match="holds a secret key"):
            pin(tmp_path / "home", secret, [cast.anna])

    @pytest.mark.parametrize("junk", [b"", b"junk", b"\xff" * 100])
    def test_junk(self, junk):
        with pytest.raises(MalformedError, match="no keys"):
            list_keys(junk)

    def test_caps(self, cast, monkeypatch):
        exported = cast.gpg.export()
        monkeypatch.setattr(keyring, "MOST_KEYS", 1)
        with pytest.raises(MalformedError, match="keys, not 1 to 1"):
            list_keys(exported)
        monkeypatch.setattr(keyring, "EXPORT_CAP", 10)
        with pytest.raises(MalformedError, match="larger than 10"):
            list_keys(exported)

    def test_gpg_that_exports_nothing(self, monkeypatch, cast, tmp_path):
        real = keyring._quiet_gpg

        def nothing(folder, arguments, source=b"", *, names=()):
            found = real(folder, arguments, source, names=names)
            return found._replace(output=b"") if names else found

        monkeypatch.setattr(keyring, "_quiet_gpg", nothing)
        with pytest.raises(MalformedError, match="gpg does not take the key"):
            pin(tmp_path / "home", cast.gpg.export(), [cast.anna])

    def test_gpg_that_fails_to_export(self, monkeypatch, cast, tmp_path):
        real = keyring._quiet_gpg

        def failing(folder, arguments, source=b"", *, names=()):
            found = real(folder, arguments, source, names=names)
            return found._replace(code=2) if names else found

        monkeypatch.setattr(keyring, "_quiet_gpg", failing)
        with pytest.raises(UnfitError, match="gpg could not export") as caught:
            pin(tmp_path / "home", cast.gpg.export(), [cast.anna])
        assert caught.value.code == "gpg-failed"

    def test_an_unusual_file_is_given_to_gpg_whole(self, cast, tmp_path):
        cut = b"\xca\x03P"  # a marker packet of three bytes, of which one is there
        pinned = pin(tmp_path / "home", cast.gpg.export() + cut, [cast.anna])
        assert [key.fingerprint for key in pinned] == [cast.anna]

    def test_no_room_for_a_throw_away_ring(self, monkeypatch, cast):
        monkeypatch.setattr(keyring.tempfile, "TemporaryDirectory", full)
        with pytest.raises(UnfitError, match="the disk is full"):
            list_keys(cast.gpg.export())


def full(*_arguments, **_options):
    raise OSError(28, "full")


def keys_of_their_own():
    from tests.controls.gnupg import people

    return people()


class TestSignedManifest:
    def test_by_a_listed_signer(self, cast):
        signature = cast.gpg.sign("anna", DATA)
        known = {"keyring": cast.ring, "now": now()}
        (good,) = demand_signed(DATA, signature, signers=(cast.anna,), **known)
        assert good.primary == cast.anna
        assert demand_signed(DATA, None, signers=(), **known) == ()
        with pytest.raises(RefusedError, match="whom the policy does not list") as caught:
            demand_signed(DATA, signature, signers=(cast.bert,), **known)
        assert caught.value.code == "manifest-signer-unlisted"
        with pytest.raises(RefusedError, match="is not signed") as caught:
            demand_signed(DATA, None, signers=(cast.anna,), **known)
        assert caught.value.code == "manifest-unsigned"
        with pytest.raises(RefusedError, match="does not belong"):
            demand_signed(DATA + b" ", signature, signers=(cast.anna,), **known)

    @pytest.mark.parametrize("listed", ["anna", "bert"])
    def test_one_listed_signer_is_enough_whoever_signed_beside(self, cast, listed):
        signature = cast.gpg.gpg("-u", "anna", "-u", "bert", "--detach-sign", data=DATA)
        signers = (cast.cleo, getattr(cast, listed))
        good = demand_signed(DATA, signature, signers=signers, keyring=cast.ring, now=now())
        assert {signed.primary for signed in good} == {cast.anna, cast.bert}


class TestWhatAPersonIsTold:
    def test_no_name_of_a_file_in_memory(self, cast):
        with pytest.raises(LockedError) as caught:
            clear_sign(DATA, signer="nobody@nowhere", environment=cast.gpg.environment)
        assert "-&" not in caught.value.message

    def test_what_to_do_about_a_signature_that_does_not_count(self, cast):
        signature = cast.gpg.sign("anna", DATA)
        with pytest.raises(RefusedError) as caught:
            verify(DATA + b"x", signature, cast.ring, now=now())
        assert "ask its signer for both again" in caught.value.hint
        with pytest.raises(RefusedError) as caught:
            verify(DATA, cast.gpg.sign("stranger", DATA), cast.ring, now=now())
        assert "coldsign policy trust" in caught.value.hint
