"""The published vectors: descriptors (BIP-380 to 390), BIP-67, BIP-86."""

import json
import re

import pytest

from coldsign.errors import MalformedError
from coldsign.primitives.address import to_address
from coldsign.primitives.network import MAINNET
from coldsign.wallet.checksum import checksum, strip_checksum
from coldsign.wallet.derive import Deriver
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.keyexpr import KeyExpression, KeyRule
from tests.vectors import vector_file

# Valid for a node, but not for a keyholder: why each is refused.
NOT_FOR_US = (
    (r"^pk\(", "no address"),
    (r"^(sorted)?multi\(", "no address"),
    (r"^raw\(", "names a script"),
    (r"^addr\(", "names an address"),
    (r"^combo\(", "several kinds"),
    (r"^rawtr\(", "hides"),
    (r"^sh\(pkh?\(", "can hold"),
    (r"musig\(", "MuSig2"),
    (r"/\*['h]", "hardened wildcard"),
    (r"<2147483647h;0>", "multipath with or before a hardened step"),
)


def parse(text):
    return Descriptor.parse(text, MAINNET, require_checksum=False)


def bips():
    return json.loads(vector_file("bip-descriptors.json").read_text())["bips"]


def entries(bip):
    found = [entry for entry in bips()[bip] if entry["values"]]
    assert found
    return found


@pytest.mark.parametrize(
    "bip", ["0381", "0382", "0383", "0384", "0385", "0386", "0387", "0389", "0390"]
)
def test_descriptors_that_the_bips_call_valid(bip):
    used = 0
    for entry in entries(bip):
        if "nvalid" in entry["section"]:
            continue
        used += 1
        text = entry["values"][0]
        derived = [one["values"][0] for one in entry["derived"] if one["values"]]
        reasons = [reason for pattern, reason in NOT_FOR_US if re.search(pattern, text)]
        if reasons:
            with pytest.raises(MalformedError, match="|".join(reasons)):
                parse(text)
            continue
        descriptor = parse(text)
        assert parse(str(descriptor)) == descriptor
        if bip == "0389":
            singles = [parse(one) for one in derived]
            assert len(singles) == descriptor.branch_count
            for branch, single in enumerate(singles):
                index = 5 if descriptor.ranged else 0
                ours = Deriver(descriptor).derive(branch, index).script_pubkey
                assert ours == Deriver(single).derive(0, index).script_pubkey
        else:
            scripts = [
                Deriver(descriptor).derive(0, index).script_pubkey.hex()
                for index in range(len(derived))
            ]
            assert scripts == derived
    assert used


@pytest.mark.parametrize(
    "bip", ["0381", "0382", "0383", "0384", "0385", "0386", "0387", "0389", "0390"]
)
def test_descriptors_that_the_bips_call_invalid(bip):
    used = 0
    for entry in entries(bip):
        if "nvalid" in entry["section"]:
            used += 1
            with pytest.raises(MalformedError):
                parse(entry["values"][-1])
    assert used


REASONS = {
    "Uncompressed": "uncompressed key",
    "More than 15 keys": "16 keys, where sh\\(\\) can have 15",
    "Invalid threshold": "a number below",
    "Threshold of 0": "a quorum of 0",
    "Threshold larger than keys": "a quorum of 3 of 2|uncompressed",
    "Multiple multipath": "more than one multipath",
    "Multipath specifier in origin": "is not a step",
    "mismatched lengths": "different lengths",
    "Empty multipath": "2 to 64 indexes",
    "Missing multipath start": "is not a step",
    "Missing multipath end": "closing > is missing",
    "Missing index": "a step is empty",
    "Unsupported top level": "only in a leaf of tr",
    "Unsupported  context": "not allowed in",
}


def test_each_is_refused_for_the_bips_reason():
    used = set()
    for bip in ("0382", "0383", "0386", "0387", "0389"):
        for entry in entries(bip):
            for label, reason in REASONS.items():
                if "nvalid" in entry["section"] and label in entry["label"]:
                    used.add(label)
                    with pytest.raises(MalformedError, match=reason):
                        parse(entry["values"][-1])
    assert used == REASONS.keys()


def test_the_list_of_invalid_descriptors():
    vectors = json.loads(vector_file("descriptors-invalid.json").read_text())["vectors"]
    assert len(vectors) == 88
    for vector in vectors:
        text = vector["descriptor"]
        with pytest.raises(MalformedError):
            parse(text)
        if vector["id"].startswith("BIP380"):
            with pytest.raises(MalformedError, match="key 1"):
                parse(f"wpkh({text})")


def test_key_expressions_of_bip_380():
    good = bad = 0
    for entry in entries("0380"):
        text = entry["values"][-1]
        if "Valid expr" in entry["section"] and "hardened" not in entry["label"].lower():
            key = KeyExpression.parse(text, MAINNET, KeyRule.LEGACY)
            again = KeyExpression.parse(key.text(MAINNET), MAINNET, KeyRule.LEGACY)
            assert again == key
            good += 1
        elif "Invalid expr" in entry["section"]:
            with pytest.raises(MalformedError):
                KeyExpression.parse(text, MAINNET, KeyRule.LEGACY)
            bad += 1
    assert good >= 10
    assert bad >= 15


def test_checksums_of_bip_380():
    used = 0
    for entry in entries("0380"):
        text = entry["values"][0]
        if "checksum" not in entry["section"]:
            continue
        used += 1
        if entry["label"] == "Valid checksum":
            assert strip_checksum(text) == ("raw(deadbeef)", True)
            assert checksum("raw(deadbeef)") == text[-8:]
        elif entry["label"] == "No checksum":
            assert strip_checksum(text) == (text, False)
        else:
            with pytest.raises(MalformedError, match=r"checksum|character"):
                strip_checksum(text)
    assert used == 8


def test_sorted_keys_of_bip_67():
    blocks = vector_file("bip-0067-vectors.txt").read_text().split("Vector ")[1:]
    used = 0
    for block in blocks:
        listed = block.split("* Sorted")[0]
        keys = re.findall(r"\*\* ([0-9a-f]{66})", listed)
        address = re.search(r"Address\n\*\* (\w+)", block)[1]
        script = re.search(r"Script\n\*\* (\w+)", block)[1]
        derived = Deriver(parse(f"sh(sortedmulti(2,{','.join(keys)}))")).derive(0, 0)
        assert derived.redeem_script.hex() == script
        assert to_address(derived.script_pubkey, MAINNET) == address
        used += 1
    assert used == 4


def test_single_key_taproot_of_bip_86():
    text = vector_file("bip-0086-vectors.txt").read_text()
    account = re.search(r"Account 0, root.*?xpub = (\w+)", text, re.DOTALL)[1]
    deriver = Deriver(parse(f"tr({account}/<0;1>/*)"))
    blocks = re.findall(
        r"m/86'/0'/0'/(\d)/(\d)\n.*?internal_key = (\w+)\n.*?output_key   = (\w+)\n"
        r"scriptPubKey = (\w+)\naddress      = (\w+)",
        text,
        re.DOTALL,
    )
    assert len(blocks) == 3
    for branch, index, internal, output, script, address in blocks:
        derived = deriver.derive(int(branch), int(index))
        assert derived.taproot.internal_key.hex() == internal
        assert derived.taproot.output_key.hex() == output
        assert derived.taproot.merkle_root is None
        assert derived.script_pubkey.hex() == script
        assert to_address(derived.script_pubkey, MAINNET) == address
