"""What coldsign must not be able to do at all, whoever asks: rows whose verdict is that a feature is absent."""

import base64
import inspect
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import segno
import zxingcpp
from PIL import Image

from coldsign.errors import MalformedError
from coldsign.keys.wif import WifKey
from coldsign.primitives import secp
from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import PayloadKind
from coldsign.qr.read import read_pictures
from tests.attacks.box import honest
from tests.attacks.test_cli_vectors import code_of
from tests.attacks.vault import KEY, XPRV, Vault

ROOT = Path(__file__).resolve().parent.parent.parent
OTHER_SYMBOLS = (
    *("Code128", "Code39", "Codabar", "EAN13", "ITF", "DataBarOmni", "DataBarExp", "DataBarStk"),
    *("DataMatrix", "Aztec", "PDF417", "MicroQRCode", "RMQRCode"),
)
DIGITS = "012345678905"
TEXTS = {"Codabar": f"A{DIGITS}B", "DataBarExp": "(01)98898765432106"}


def drawn(name: str, text: str) -> Image.Image:
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name))
    found = zxingcpp.write_barcode_to_image(made, scale=8)
    height, width = found.shape
    return Image.frombytes("L", (width, height), bytes(memoryview(found).cast("B")))


@pytest.mark.parametrize("name", OTHER_SYMBOLS)
def test_other_symbols_are_not_read(name: str, tmp_path: Path) -> None:
    """Q-B and Q-F: neither by the decoders nor by the child that runs them; a plain QR code is."""
    picture = drawn(name, TEXTS.get(name, DIGITS))
    assert zxingcpp.read_barcodes(picture), "the picture is not one of this symbol"
    assert Eyes().study(picture) == Eyes().glance(picture) == []
    picture.save(tmp_path / "other.png")
    assert list(read_pictures([tmp_path / "other.png"])) == []
    assert Eyes().study(drawn("QRCode", DIGITS)) == [DIGITS.encode()]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0,), (1,)])
def test_codes_that_call_themselves_parts_are_not_joined(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    """Q-F: structured append joins what a picture holds in its own way; only our dialects join codes."""
    text = base64.b64encode(honest().raw()).decode()
    made = segno.make_sequence(text, symbol_count=2, error="l", boost_error=False)
    picture = Image.new("L", (1000, 500), 255)
    for place, number in enumerate(order):
        part = io.BytesIO()
        made[number].save(part, kind="png", scale=4)
        picture.paste(Image.open(part).convert("L"), (20 + 500 * place, 20))
    picture.save(tmp_path / "parts.png")
    found = list(read_pictures([tmp_path / "parts.png"]))
    halves = [code for code in found if code.decode() in text]
    assert len(halves) == len(found) == len(order)
    assert max(map(len, found)) < len(text)
    joiner = Joiner(frozenset({PayloadKind.PSBT}))
    for code in found:
        joiner.feed(code)
    with pytest.raises(MalformedError):
        joiner.require()


SECRETS = re.compile(rf"{XPRV[:20]}|[xtyzuv]prv[1-9A-HJ-NP-Za-km-z]{{50}}")


def is_wif(word: str) -> bool:
    try:
        WifKey.parse(word)
    except MalformedError:
        return False
    return True


@pytest.mark.parametrize(
    "words",
    [
        ("key", "list"),
        ("key", "show", KEY),
        ("key", "xpub", KEY, "--path", "m/48h/0h/0h/2h"),
        ("key", "xpub", KEY, "--path", "m/48h/0h/0h/2h/0/3"),
        ("wallet", "export", "W-wsh"),
    ],
)
def test_no_command_gives_out_a_secret_key(vault: Vault, words: tuple[str, ...]) -> None:
    """N-08: of a child's secret and its parent's public key the parent's secret follows."""
    phrase = ["--passphrase-file", str(vault.folder / "passphrase")] if "xpub" in words else []
    for form in ((), ("--json",)):
        outcome = vault.run(*form, *words, *phrase)
        assert outcome.code == 0, outcome.err
        shown = outcome.out + outcome.err
        assert not SECRETS.search(shown)
        assert not [word for word in re.findall(r"\w{50,}", shown) if is_wif(word)]


@pytest.mark.parametrize(
    "text", [b"\x11" * 32, b"11" * 32, b"I owe you a coin", json.dumps({"message": "hi"}).encode()]
)
def test_no_text_and_no_bare_hash_is_signed(vault: Vault, text: bytes) -> None:
    """N-15: a transaction's digest in the disguise of a message."""
    code = code_of(vault.inspect(vault.write("good.psbt", honest().raw()), "W-wsh"))
    outcome = vault.sign(vault.write("message", text), "W-wsh", code=code)
    assert (outcome.code, vault.unlocked) == (3, [])
    assert not vault.reply.exists()


def test_a_signature_takes_no_public_key_to_go_wrong_with() -> None:
    """N-09: whoever passes another public key for one secret gets two signatures with one nonce."""
    for function in (secp.sign_ecdsa, secp.sign_schnorr):
        assert list(inspect.signature(function).parameters) == ["secret", "digest"]


WITHOUT = """
import sys
sys.modules["wallycore"] = None
sys.argv = ["coldsign", *sys.argv[1:]]
from coldsign.cli import main
main()
"""


def test_without_libsecp256k1_nothing_stands_in(vault: Vault) -> None:
    """N-13: no slower curve of Python's own, whose time tells the key, takes its place."""
    source = vault.write("good.psbt", honest().raw())
    words = ["--home", str(vault.home), "inspect", source, "--wallet", "W-wsh"]
    for code, ends in (("from coldsign.cli import main; main()", 0), (WITHOUT, 8)):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, check=False, cwd=ROOT
        )
        assert done.returncode == ends, done.stderr
    assert b"wallycore" in done.stderr
    assert not done.stdout
