"""Wallets by QR code: from one laptop to another, and what coordinators and devices really show."""

import json
from pathlib import Path

import pytest

from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.read import read_pictures
from coldsign.qr.splitter import split
from coldsign.qr.ur.cbor import wrap_bytes
from coldsign.wallet.formats.cbor import Tag, encode
from tests.cli.laptop import Laptop
from tests.cli.test_wallets import MULTI, WALLETS, add, crypto_account, hdkey, output, text_of, ur
from tests.wallet.samples import account
from tests.wallet.samples import with_checksum as sealed

MASTER = account(0)[1:9]
XPUB = account(0).partition("]")[2]


@pytest.mark.parametrize(
    ("form", "name", "dialect"),
    [
        ("crypto-output", "one.png", "UR:CRYPTO-OUTPUT/"),
        ("output-descriptor", "loop.gif", "UR:OUTPUT-DESCRIPTOR/"),
        ("descriptor", "one.png", "B$ZU"),
        ("bsms", "one.png", "B$ZU"),
        ("specter", "one.png", "B$ZJ"),
    ],
)
def test_a_wallet_crosses_in_pictures(form, name, dialect, tmp_path):
    laptop = Laptop(tmp_path)
    made = add(laptop, "vault", text_of("wsh-multi"))
    words = ("wallet", "export", "vault", "--format", form, "--out", laptop.path(name))
    laptop.good("--network", "mainnet", *words)
    shown = laptop.good("--json", "qr", "scan", laptop.path(name)).document
    assert shown["dialect"] == ("ur" if dialect.startswith("UR") else "bbqr")
    again = laptop.run("wallet", "add", "other", laptop.path(name), "--yes", network="mainnet")
    assert again.code == 4  # the same addresses are registered already
    assert "vault" in again.errors[0]
    force = ("wallet", "add", "vault", laptop.path(name), "--yes", "--force")
    read = laptop.good("--network", "mainnet", "--json", *force).document
    assert read["descriptor"] == made["descriptor"]
    assert next(iter(read_pictures([Path(laptop.path(name))]))).decode().startswith(dialect)
    text = laptop.good("--network", "mainnet", *words[:5]).out
    assert add(laptop, "vault", text, "--force")["descriptor"] == made["descriptor"]


def bbqr(text, file_type):
    made = split(text.encode(), kind=PayloadKind.TEXT, dialect=Dialect.BBQR, detail=f"Z{file_type}")
    return "\n".join(map(str, made.frames))


def exported(laptop, form):
    add(laptop, "v", text_of("wsh-multi"))
    return laptop.good("--network", "mainnet", "wallet", "export", "v", "--format", form).out


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda _: output(MULTI), id="Sparrow, Nunchuk: crypto-output"),
        pytest.param(lambda _: bbqr(sealed(MULTI), "U"), id="Sparrow: descriptor in BBQr"),
        pytest.param(lambda at: bbqr(exported(at, "bsms"), "U"), id="Nunchuk: BSMS in BBQr"),
        pytest.param(
            lambda at: ur("bytes", wrap_bytes(exported(at, "coldcard").encode())),
            id="Nunchuk, Keystone, Passport, BlueWallet: the Coldcard file in UR bytes",
        ),
        pytest.param(
            lambda at: bbqr(exported(at, "coldcard"), "U"), id="Coldcard Q: its own file in BBQr"
        ),
        pytest.param(
            lambda at: ur("bytes", wrap_bytes(exported(at, "specter").encode())),
            id="Specter: JSON in UR bytes",
        ),
    ],
)
def test_what_coordinators_show_is_read(make, tmp_path):
    laptop = Laptop(tmp_path)
    assert add(laptop, "vault", make(laptop), "--force")["descriptor"] == sealed(MULTI)


DEVICE = "with the keys of a signing device, not a wallet"
COORDINATOR = "have that export the whole wallet"


@pytest.mark.parametrize(
    ("content", "error", "hint"),
    [
        pytest.param(
            bbqr(json.dumps({"chain": "BTC", "xfp": MASTER, "xpub": XPUB, "bip84": {}}), "J"),
            DEVICE,
            COORDINATOR,
            id="Coldcard: generic JSON",
        ),
        pytest.param(
            bbqr(json.dumps({"p2wsh_deriv": "m/48h/0h/0h/2h", "p2wsh": XPUB, "xfp": MASTER}), "J"),
            DEVICE,
            COORDINATOR,
            id="Coldcard: keys for multisig",
        ),
        pytest.param(
            json.dumps({"ExtPubKey": XPUB, "MasterFingerprint": MASTER, "AccountKeyPath": "84h"}),
            DEVICE,
            COORDINATOR,
            id="BlueWallet: JSON of one key",
        ),
        pytest.param(
            ur("crypto-multi-accounts", encode({1: 7, 2: [hdkey(0, "84h/0h/0h")], 3: "Keystone"})),
            "the keys of a device (crypto-multi-accounts), not a wallet",
            COORDINATOR,
            id="Keystone: its accounts",
        ),
        pytest.param(
            ur("crypto-hdkey", encode(hdkey(0, "84h/0h/0h").value)),
            "one key, not a wallet",
            COORDINATOR,
            id="Jade, Keystone: crypto-hdkey",
        ),
        pytest.param(
            ur("crypto-account", encode({1: 7, 2: [Tag(401, hdkey(0, "48h/0h/0h/2h"))]})),
            "none of a single key's wallets, not a wallet",
            COORDINATOR,
            id="SeedSigner, Passport: an account for multisig",
        ),
        pytest.param(
            crypto_account(["wpkh", "tr"]),
            "the account offers several wallets (wpkh, tr)",
            "--script",
            id="Keystone, Jade: an account",
        ),
        pytest.param(
            f"addwallet My Wallet&{MULTI.replace('<0;1>', '{0,1}')}",
            "Specter's text for a Specter-DIY, which has no checksum",
            "JSON file from Specter",
            id="Specter: addwallet",
        ),
        pytest.param(account(0), "public key alone is no wallet", "descriptor", id="all: a key"),
    ],
)
def test_what_is_no_wallet_says_what_to_export(content, error, hint, tmp_path):
    laptop = Laptop(tmp_path)
    source = laptop.write("code.txt", content)
    outcome = laptop.run("wallet", "add", "w", source, "--yes", network="mainnet")
    assert outcome.code == 3
    assert error in outcome.errors[0]
    assert hint in outcome.hints[0]


def test_a_wallet_that_crypto_output_cannot_say_is_an_error(tmp_path):
    laptop = Laptop(tmp_path)
    add(laptop, "vault", text_of("wsh-miniscript"))
    assert "or_d" in WALLETS["wsh-miniscript"]
    words = (
        "wallet",
        "export",
        "vault",
        "--format",
        "crypto-output",
        "--out",
        laptop.path("x.png"),
    )
    outcome = laptop.run(*words, network="mainnet")
    assert outcome.code == 3
    assert "output-descriptor" in outcome.hints[0]
    assert not (laptop.folder / "x.png").exists()
