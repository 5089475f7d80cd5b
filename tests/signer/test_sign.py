import base64
import struct
from types import SimpleNamespace

import pytest

from coldsign.errors import LockedError, RefusedError, SelfCheckError
from coldsign.primitives.keypath import parse_path
from coldsign.primitives.network import REGTEST
from coldsign.psbt.fields import In
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key
from coldsign.signer import sign as sign_module
from coldsign.signer.sign import sign, signing_keys
from coldsign.signer.verify import verify
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.signer.common import (
    NAMES,
    as_version2,
    clearance,
    fixture,
    keyring,
    signatures,
    spending,
    unsigned,
    wallet,
    with_pairs,
)

NUMS = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"
CASES = [(name, cosigner) for name in NAMES for cosigner in range(len(fixture(name)["cosigners"]))]


def test_there_are_all_fixtures():
    assert len(NAMES) == 18
    assert len(CASES) == 66


@pytest.mark.parametrize(("name", "cosigner"), CASES)
def test_signatures_are_the_nodes(name, cosigner):
    given = fixture(name)
    before = unsigned(name)
    cleared = clearance(before, wallet(name))
    with keyring(given["cosigners"][cosigner]) as ring:
        after = sign(before, ring, cleared)
    verify(before, after, cleared)
    node = Psbt.parse(base64.b64decode(given["signed_by_node"][cosigner]))
    assert signatures(after) == signatures(node)
    assert len(signatures(after)) == len(before.inputs)
    assert Psbt.parse(after.serialize()).raw == after.raw


def signed(name, cosigner=0, psbt=None, **how):
    before = unsigned(name) if psbt is None else psbt
    cleared = clearance(before, wallet(name, how.pop("registered", ())), **how)
    with keyring(fixture(name)["cosigners"][cosigner]) as ring:
        after = sign(before, ring, cleared)
    verify(before, after, cleared)
    return after


@pytest.mark.parametrize("name", NAMES)
def test_version_2_gets_the_same_signatures_and_settled_flags(name):
    after = signed(name, psbt=as_version2(unsigned(name)))
    assert after.version == 2
    assert after.tx_modifiable == 0
    assert signatures(after) == signatures(signed(name))


def test_a_version_2_input_without_a_sequence_is_final():
    psbt = as_version2(unsigned("wpkh-1x2"))
    shorter = with_pairs(psbt, 0, (), without={In.SEQUENCE})
    assert shorter.tx.inputs[0].sequence == 0xFFFFFFFF
    assert signatures(signed("wpkh-1x2", psbt=shorter)) != signatures(signed("wpkh-1x2"))


def test_only_cleared_inputs_are_signed():
    after = signed("wsh-sortedmulti-2of3-4x4", inputs=(1, 3))
    assert {index for index, _ in signatures(after)} == {1, 3}


def test_two_cosigners_after_another_make_the_nodes_final_pair():
    first = signed("wsh-sortedmulti-2of3-4x4", 0)
    both = signed("wsh-sortedmulti-2of3-4x4", 1, psbt=first)
    assert len(signatures(both)) == 8
    assert signatures(both).items() >= signatures(first).items()


def test_what_is_already_signed_is_not_signed_again():
    for name in ("wpkh-1x2", "tr-key-3x3", "tr-multi_a-2of3-2x1", "pkh-4x5"):
        once = signed(name)
        with pytest.raises(LockedError, match="all there already") as caught:
            signed(name, psbt=once)
        assert caught.value.code == "nothing-to-sign"


@pytest.mark.parametrize(
    "final", [(In.FINAL_SCRIPTSIG, b"\x51"), (In.FINAL_SCRIPTWITNESS, b"\x01\x01a")]
)
def test_finished_inputs_stay_as_they_are(final):
    name = "wsh-sortedmulti-2of3-4x4"
    psbt = with_pairs(unsigned(name), 2, [(Key(final[0], b""), final[1])])
    assert {index for index, _ in signatures(signed(name, psbt=psbt))} == {0, 1, 3}


def asking(name, sighash):
    pair = (Key(In.SIGHASH_TYPE, b""), struct.pack("<I", sighash))
    return with_pairs(unsigned(name), 0, [pair], without={In.SIGHASH_TYPE})


@pytest.mark.parametrize("sighash", [0, 2, 3, 0x81, 0x82, 0x83, 4, 0x101, 0x41])
@pytest.mark.parametrize("name", ["wpkh-1x2", "pkh-4x5", "tr-key-3x3", "tr-multi_a-2of3-2x1"])
def test_other_sighash_types_are_never_signed(name, sighash):
    psbt = asking(name, sighash)
    if name.startswith("tr") and sighash == 0:
        assert signatures(signed(name, psbt=psbt)) == signatures(signed(name))
        return
    with pytest.raises(RefusedError, match="input 0: sighash type"):
        signed(name, psbt=psbt)


@pytest.mark.parametrize("name", ["tr-key-3x3", "tr-multi_a-2of3-2x1", "tr-key-or-multi_a-1x2"])
def test_taproot_with_all_has_a_sighash_byte(name):
    after = signed(name, psbt=asking(name, 1))
    first = next(value for (index, _), value in signatures(after).items() if index == 0)
    assert len(first) == 65
    assert first[64] == 1


def test_ecdsa_with_all_is_the_usual_signature():
    assert signatures(signed("wpkh-1x2", psbt=asking("wpkh-1x2", 1))) == signatures(
        signed("wpkh-1x2")
    )


def test_another_psbt_than_the_cleared_one_is_refused():
    name = "wpkh-1x2"
    before = unsigned(name)
    with keyring(fixture(name)["cosigners"][0]) as ring:
        cleared = clearance(before, wallet(name))
        with pytest.raises(RefusedError, match="not the one that was reviewed") as caught:
            sign(asking(name, 1), ring, cleared)
        assert caught.value.code == "psbt-changed"
        cleared.psbt_digest = bytes(32)
        with pytest.raises(RefusedError, match="not the one that was reviewed"):
            sign(before, ring, cleared)
        other = clearance(asking(name, 1), wallet(name))
        other.psbt_digest = before.digest
        with pytest.raises(RefusedError, match="not the one that was reviewed"):
            sign(before, ring, other)


def test_a_foreign_input_is_never_signed_even_if_cleared():
    cleared = clearance(unsigned("wpkh-1x2"), wallet("pkh-4x5"))
    with (
        keyring(fixture("pkh-4x5")["cosigners"][0]) as ring,
        pytest.raises(RefusedError, match="input 0: its script or amount is not known"),
    ):
        sign(unsigned("wpkh-1x2"), ring, cleared)


def test_a_key_that_is_not_in_the_wallet():
    name = "wsh-sortedmulti-2of3-4x4"
    with keyring(fixture("wpkh-1x2")["cosigners"][0]) as ring:
        with pytest.raises(LockedError, match="none of the 3 keys of wallet vault") as caught:
            sign(unsigned(name), ring, clearance(unsigned(name), wallet(name)))
        assert caught.value.code == "key-not-in-wallet"


def test_the_registered_key_signs_and_no_other():
    name = "wsh-sortedmulti-2of3-4x4"
    assert signatures(signed(name, 1, registered=(1,))) == signatures(signed(name, 1))
    with pytest.raises(LockedError, match="registered as ours") as caught:
        signed(name, 0, registered=(1,))
    with pytest.raises(LockedError, match="registered as ours"):
        signed(name, 0, registered=(1,), our_keys=(0,))
    with pytest.raises(LockedError, match="registered as ours"):
        signed(name, 0, our_keys=(1,))
    assert caught.value.code == "key-not-ours"


def one_secret(paths, script):
    """A wallet whose keys all come from one secret, and that secret."""
    ring = keyring(fixture("wpkh-1x2")["cosigners"][0])
    keys = [
        f"[{ring.fingerprint.hex()}/{path}]{ring.xpub(parse_path(path)).serialize(REGTEST)}"
        for path in paths
    ]
    descriptor = Descriptor.parse(script.format(*keys), REGTEST, require_checksum=False)
    return descriptor, ring


def test_two_accounts_of_one_secret_are_two_cosigners():
    descriptor, ring = one_secret(
        ("48h/1h/0h/2h", "48h/1h/1h/2h"), "wsh(sortedmulti(2,{0}/<0;1>/*,{1}/<0;1>/*))"
    )
    vault = SimpleNamespace(descriptor=descriptor, name="vault", our_keys=())
    with ring:
        with pytest.raises(LockedError, match="more than one cosigner") as caught:
            signing_keys(ring, vault, ())
        assert caught.value.code == "several-cosigners"
        with pytest.raises(LockedError, match="more than one cosigner"):
            signing_keys(ring, vault, (0,))


def test_one_key_with_two_tails_is_one_cosigner():
    script = "wsh(or_d(pk({0}/<0;1>/*),and_v(v:pkh({0}/<2;3>/*),older(10))))"
    descriptor, ring = one_secret(("48h/1h/0h/2h",), script)
    with ring:
        assert set(signing_keys(ring, Wallet.create("v", descriptor), ())) == {0, 1}


def signed_alone(path, script, inputs=2):
    """What one secret adds to a PSBT of a wallet in which only its key and fixed ones stand."""
    descriptor, ring = one_secret((path,), script)
    vault = Wallet.create("vault", descriptor)
    before = spending(vault, inputs)
    cleared = clearance(before, vault)
    with ring:
        after = sign(before, ring, cleared)
    verify(before, after, cleared)
    return after


def test_an_internal_key_of_ours_signs_the_key_path_alone_as_the_node_does():
    after = signed_alone("86h/1h/0h", "tr({0}/<0;1>/*,pk({0}/<2;3>/*))")
    assert [key.type for _, key in signatures(after)] == [In.TAP_KEY_SIG] * 2


def test_every_leaf_with_our_key_is_signed():
    tree = "{{pk({0}/<0;1>/*),{{pk({0}/<2;3>/*),pkh({0}/<4;5>/*)}}}}"
    after = signed_alone("86h/1h/0h", f"tr({NUMS},{tree})")
    assert [key.type for _, key in signatures(after)] == [In.TAP_SCRIPT_SIG] * 6
    assert len({key.data[32:] for _, key in signatures(after)}) == 6


def test_a_recovery_key_signs_with_both_its_tails():
    script = "wsh(or_d(pk({0}/<0;1>/*),and_v(v:pkh({0}/<2;3>/*),older(10))))"
    after = signed_alone("48h/1h/0h/2h", script)
    assert [key.type for _, key in signatures(after)] == [In.PARTIAL_SIG] * 4


RECOVERY = "wsh(or_d(pk({0}/<0;1>/*),and_v(v:pkh({0}/<2;3>/*),older(10))))"
TREE = "tr({0}/<0;1>/*,{{pk({0}/<2;3>/*),pk({0}/<4;5>/*)}})"
OTHERS = fixture("wsh-sortedmulti-2of3-4x4")["descriptor"].split(",")[2]
SHARED = f"wsh(or_d(multi(2,{{0}}/<0;1>/*,{OTHERS}),and_v(v:pkh({{0}}/<2;3>/*),older(10))))"
CLOSED = f"tr({NUMS},{{{{pk({{0}}/<0;1>/*),pk({{0}}/<2;3>/*)}}}})"


@pytest.mark.parametrize(
    ("script", "named", "signing"),
    [
        (RECOVERY, {0}, [0]),
        (RECOVERY, {1}, [1]),
        (RECOVERY, {0, 1}, [0, 1]),
        (SHARED, {1, 2}, [2]),
        (SHARED, {1}, [0, 2]),
        (TREE, {0}, [0]),
        (TREE, {1}, [1]),
        (TREE, {1, 2}, [1, 2]),
        (TREE, {0, 2}, [0]),
        (CLOSED, {1}, [1]),
        (CLOSED, {2}, [2]),
    ],
)
def test_only_the_keys_that_an_input_names_sign(script, named, signing):
    """M-11: who asks for one way to spend gets no signature that serves another; each input for itself."""
    descriptor, ring = one_secret(("48h/1h/0h/2h",), script)
    vault = Wallet.create("vault", descriptor)
    full, keys = spending(vault, 2), vault.derive(0, 0).keys
    kinds = {In.BIP32_DERIVATION, In.TAP_BIP32_DERIVATION}
    pairs = full.inputs[0].map.pairs
    kept = [p for p in pairs if p[0].type not in kinds or keys.index(p[0].data) in named]
    before = with_pairs(full, 0, kept, without=set(In))
    cleared = clearance(before, vault)
    with ring:
        after = sign(before, ring, cleared)
        with pytest.raises(LockedError, match="nothing to sign"):
            sign(after, ring, clearance(after, vault))
    verify(before, after, cleared)
    everything = {RECOVERY: [0, 1], SHARED: [0, 2], TREE: [0], CLOSED: [1, 2]}
    assert signers(after, 0, vault) == signing
    assert signers(after, 1, vault) == everything[script]


def signers(psbt, index, vault):
    """The positions of the keys that signed an input; of a taproot key path the internal key's."""
    own = vault.derive(0, index)
    filed = [key.data for number, key in signatures(psbt) if number == index]
    taproot = own.taproot
    return sorted(
        own.keys.index(data if taproot is None else data[:32] or taproot.internal_key)
        for data in filed
    )


def test_a_signature_that_cannot_be_is_a_fault(monkeypatch):
    monkeypatch.setattr(sign_module, "der_encode", lambda _: b"\x30")
    with pytest.raises(SelfCheckError, match="a signature cannot be"):
        signed("wpkh-1x2")
