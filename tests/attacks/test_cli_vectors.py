"""Every PSBT of the catalogue through the real command line: exit code, one error, no file, no key touched."""

import base64
import hashlib

import pytest

from tests.attacks import recipes_container, recipes_inputs, recipes_outputs, recipes_tx
from tests.attacks.box import WALLETS, honest, split
from tests.attacks.reasons import is_for_its_reason
from tests.attacks.rows import ROWS
from tests.attacks.second import agrees, signatures
from tests.attacks.vault import BY_ID, META, VECTORS, XPRV, Outcome, Vault, copied, watched

# A row that leaves a choice, and what was chosen (docs/stricter.md).
CHOSEN = {"F-34": "REJECT"}
# Rows of which the catalogue's bytes are only a stand-in for a recipe; tests/attacks/test_bombs.py builds them.
RECIPES = {"I-31", "M-21"}
NEEDS_MANIFEST = {vector["id"] for vector in VECTORS if vector.get("manifest_from")}


def wanted(vector: dict) -> str:
    return CHOSEN.get(vector["id"], vector["verdict"])


def of(*verdicts: str) -> list:
    found = [v for v in VECTORS if wanted(v) in verdicts and v["id"] not in RECIPES]
    assert found
    return [pytest.param(vector, id=vector["id"]) for vector in found]


def requests(vector: dict) -> list[bytes]:
    texts = vector.get("sequence") or [vector["psbt"]]
    return [base64.b64decode(text) for text in texts]


def accepts(seen: Outcome) -> list[str]:
    return [code for code, severity in seen.findings.items() if severity == "confirm"]


def code_of(seen: Outcome) -> str:
    words = seen.document["review_code"]
    return words if isinstance(words, str) else " ".join(words)


def of_its_row(vector: dict, seen: Outcome) -> bool:
    """Whether what was found is what the row is about."""
    return is_for_its_reason(vector["id"], {"malformed"} if seen.code == 3 else set(seen.findings))


def refused(vault: Vault, outcome: Outcome, before: dict[str, bytes]) -> None:
    """What a refusal must look like from outside."""
    assert outcome.code in {3, 4}, outcome.err
    assert len(outcome.errors) == 1
    assert len(outcome.hints) == 1
    assert "signed" not in outcome.document
    assert not vault.reply.exists()
    assert vault.unlocked == []
    assert vault.files() == before
    assert not {"intent", "signed"} & set(vault.kinds())


def signed(vault: Vault, request: bytes, outcome: Outcome) -> None:
    """What a signature must look like from outside: only signatures were added, and they hold."""
    assert outcome.code == 0, outcome.err
    reply = vault.reply.read_bytes()
    document = outcome.document["signed"]
    assert document["reply_sha256"] == hashlib.sha256(reply).hexdigest()
    assert base64.b64decode(document["psbt"]) == reply
    before, after = split(request), split(reply)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert new[: len(old)] == old
        assert all(key[0] in {0x02, 0x13, 0x14} for key, _ in new[len(old) :])
    assert len(signatures(reply)) > len(signatures(request))
    assert agrees(request, reply, XPRV)


@pytest.mark.parametrize("vector", of("REJECT"))
def test_hostile_is_refused_before_any_key_is_touched(vault, vector):
    manifest = vector["id"] in NEEDS_MANIFEST
    *earlier, last = requests(vector)
    for number, request in enumerate(earlier):
        source = vault.write(f"{number}.psbt", request)
        seen = vault.inspect(source, vector["wallet"])
        if seen.code == 0:
            done = vault.sign(
                source, vector["wallet"], code=code_of(seen), accept=accepts(seen), more=["--force"]
            )
            assert done.code == 0, done.err
            vault.reply.unlink()
    if vault.unlocked:
        _second_is_refused(vault, vector, last)
        return
    before = vault.files()
    source = vault.write("request.psbt", last)
    seen = vault.inspect(source, vector["wallet"], manifest=manifest)
    refused(vault, seen, before)
    assert of_its_row(vector, seen)
    code = code_of(seen) if "review_code" in seen.document else "a b c d e f"
    outcome = vault.sign(
        source, vector["wallet"], code=code, accept=accepts(seen), manifest=manifest
    )
    refused(vault, outcome, before)


def _second_is_refused(vault: Vault, vector: dict, last: bytes) -> None:
    """The later request of a sequence, of which the first was rightly signed."""
    touched, kinds = list(vault.unlocked), vault.kinds()
    source = vault.write("request.psbt", last)
    seen = vault.inspect(source, vector["wallet"])
    assert seen.code == 4
    assert of_its_row(vector, seen)
    outcome = vault.sign(source, vector["wallet"], code=code_of(seen), accept=accepts(seen))
    assert outcome.code == 4
    assert not vault.reply.exists()
    assert vault.unlocked == touched
    assert vault.kinds() == [*kinds, "refused"]


@pytest.mark.parametrize("vector", of("OK", "DISPLAY"))
def test_honest_is_signed_without_a_question(vault, vector):
    (request,) = requests(vector)
    source = vault.write("request.psbt", request)
    seen = vault.inspect(source, vector["wallet"])
    assert (seen.code, accepts(seen)) == (0, [])
    assert of_its_row(vector, seen)
    signed(vault, request, vault.sign(source, vector["wallet"], code=code_of(seen)))


MODULES = (recipes_container, recipes_tx, recipes_inputs, recipes_outputs)
"""Importing them enters their rows."""
GOOD = [row for row in ROWS if row.verdict in {"OK", "DISPLAY"}]


@pytest.mark.parametrize("row", GOOD, ids=lambda row: f"{row.id}-{row.make.__qualname__}")
def test_what_must_be_signed_is_signed(pristine, row, tmp_path, monkeypatch):
    """Not only the verdict of ``test_variants``: the signatures too, and they are the second implementation's."""
    (name, *_), (version, *_) = row.wallets, row.versions
    for number, made in enumerate(row.make(honest(name, version=version))):
        vault = copied(pristine, tmp_path / str(number))  # to another memory, not a replacement
        watched(monkeypatch, vault)
        request = made() if callable(made) else made
        source = vault.write("request.psbt", request)
        seen = vault.inspect(source, name)
        assert (seen.code, accepts(seen)) == (0, [])
        signed(vault, request, vault.sign(source, name, code=code_of(seen)))


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("name", WALLETS)
def test_every_kind_of_wallet_signs(vault, name, version):
    """OK-01 to OK-07, and V-01."""
    request = honest(name, version=version).raw()
    source = vault.write("request.psbt", request)
    seen = vault.inspect(source, name)
    signed(vault, request, vault.sign(source, name, code=code_of(seen)))


# Where everything we could add is there already, nothing is signed and the key stays closed.
NOTHING_LEFT = {"X-07"}


@pytest.mark.parametrize("vector", of("WARN"))
def test_a_hazard_is_signed_only_when_it_is_named(vault, vector):
    *earlier, request = requests(vector)
    for number, first in enumerate(earlier):
        source = vault.write(f"{number}.psbt", first)
        seen = vault.inspect(source, vector["wallet"])
        assert vault.sign(source, vector["wallet"], code=code_of(seen)).code == 0
        vault.reply.unlink()
    touched = list(vault.unlocked)
    source = vault.write("request.psbt", request)
    seen = vault.inspect(source, vector["wallet"])
    hazards = accepts(seen)
    assert seen.code == 0
    assert of_its_row(vector, seen)
    for left_out in hazards:
        named = [code for code in hazards if code != left_out]
        unnamed = vault.sign(source, vector["wallet"], code=code_of(seen), accept=named)
        assert unnamed.code == 4
        assert left_out in unnamed.err
        assert not vault.reply.exists()
    assert vault.unlocked == touched
    outcome = vault.sign(source, vector["wallet"], code=code_of(seen), accept=hazards)
    if vector["id"] in NOTHING_LEFT:
        assert (outcome.code, vault.unlocked) == (6, touched)
        assert "nothing to sign" in outcome.err
        assert not vault.reply.exists()
    else:
        signed(vault, request, outcome)


def test_another_review_code_signs_nothing(vault):
    source = vault.write("request.psbt", requests(BY_ID["OK-10"])[0])
    other = code_of(vault.inspect(vault.write("other.psbt", requests(BY_ID["T-14"])[0]), "W-wsh"))
    outcome = vault.sign(source, "W-wsh", code=other)
    assert outcome.code == 5
    assert vault.unlocked == []
    assert not vault.reply.exists()


def test_f36_hex_and_f37_junk_in_base64(vault):
    """Strict hex and base64 are understood; with anything between the digits they are not."""
    raw = requests(BY_ID["OK-10"])[0]
    text = base64.b64encode(raw).decode()
    for good in (raw.hex(), raw.hex().upper(), text, text + "\n"):
        assert vault.inspect(vault.write("good", good), "W-wsh").code == 0
    junk = [
        text[:100] + "\n" + text[100:],
        text[:100] + "\0" + text[100:],
        text[:100] + " " + text[100:],
        text[:100] + "-" + text[101:],
        text + text,
        text + "!",
        text[:-1],
        raw.hex()[:-1],
        raw.hex() + "00",
        "0x" + raw.hex(),
        raw.hex()[:50] + " " + raw.hex()[50:],
        "\ufeff" + text,
    ]
    if text.endswith("="):
        digits = text.rstrip("=")
        other = chr(ord(digits[-1]) + 1)
        same_bytes = digits[:-1] + other + text[len(digits) :]
        assert base64.b64decode(same_bytes, validate=True) == raw
        junk += [digits, same_bytes]
    for bad in junk:
        outcome = vault.inspect(vault.write("bad", bad), "W-wsh")
        assert outcome.code == 3, bad[-20:]


def test_every_row_was_run():
    ran = {param.id for group in (of("REJECT"), of("OK", "DISPLAY"), of("WARN")) for param in group}
    assert ran | RECIPES == set(BY_ID)
    assert len(META["wallets"]) == 7
