"""A laptop on which a quorum lies together (N-19): whoever takes it must never have enough."""

import dataclasses

import pytest

from coldsign.ceremony.desk import positions_of
from coldsign.ceremony.walk import examine, sign_walk
from coldsign.errors import LockedError
from coldsign.keys.keystore import KeyRecord, Keystore
from coldsign.keys.material import KeyKind, Material
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.ceremony.stage import Yes, fixture, make_desk, no_key

MULTISIG, RECOVERY = "wsh-sortedmulti-2of3-4x4", "wsh-miniscript-recovery-1x4"


def laptop(home, found, *cosigners):
    """A desk whose key store holds these cosigners' keys, in the clear: nothing of it is opened."""
    store = Keystore(home, seal=lambda data, _: bytes(data), unseal=lambda data, _: bytearray(data))
    for number in cosigners:
        words = found.raw["cosigners"][number]
        mnemonic = Mnemonic.parse(words["mnemonic"])
        material = Material.from_mnemonic(mnemonic, words["passphrase"], NetworkGroup.TEST)
        store.add(f"key{number}", material, "passphrase")
    return dataclasses.replace(make_desk(home), keystore=store)


def record(found, number, name=None):
    with found.keyring(number) as ring:
        return KeyRecord.of(name or f"key{number}", KeyKind.MNEMONIC, ring, NetworkGroup.TEST)


def on_mainnet(wallet):
    """The same keys and scripts where they guard money."""
    text = str(wallet.descriptor).partition("#")[0]
    for key in wallet.descriptor.keys:
        if not isinstance(key.public, bytes):
            text = text.replace(key.public.serialize(REGTEST), key.public.serialize(MAINNET))
    return Wallet.create("vault", Descriptor.parse(text, MAINNET, require_checksum=False))


def job(found, number, *, registered=False, network=MAINNET):
    key = record(found, number)
    wallet = on_mainnet(found.wallet) if network is MAINNET else found.wallet
    ours = positions_of(key, wallet) if registered else ()
    wallet = dataclasses.replace(wallet, our_keys=ours)
    return dataclasses.replace(found.job(), wallet=wallet, key=key)


@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize("name", [MULTISIG, RECOVERY, "tr-multi_a-2of3-2x1"])
def test_two_cosigners_keys_on_one_machine_sign_nothing(name, registered, tmp_path):
    found = fixture(name)
    desk, operator = laptop(tmp_path, found, 0, 1), Yes(no_key)
    with pytest.raises(LockedError, match="key0 and the stored key key1 are two cosigners") as no:
        sign_walk(job(found, 0, registered=registered), desk, operator)
    assert (no.value.code, operator.asked) == ("several-cosigners", 0)
    assert "coldsign key remove key1" in no.value.hint
    assert examine(dataclasses.replace(job(found, 0), key=None), desk).verdict == "ok"


def test_a_key_that_is_typed_in_beside_another_cosigners_signs_nothing(tmp_path):
    found = fixture(MULTISIG)
    desk, operator = laptop(tmp_path, found, 1), Yes(lambda: found.keyring(0))
    typed = dataclasses.replace(job(found, 0, registered=True), key=None)
    with pytest.raises(LockedError, match="a key typed in and the stored key key1 are two") as no:
        sign_walk(typed, desk, operator)
    assert (no.value.code, operator.asked) == ("several-cosigners", 0)
    desk.keystore.remove("key1")
    laptop(tmp_path, found, 0)  # a stored copy of the very key is no second one
    assert sign_walk(typed, desk, operator).inputs


def test_a_rehearsal_on_a_test_network_keeps_its_keys_together(tmp_path):
    found = fixture(MULTISIG)
    desk = laptop(tmp_path, found, 0, 1)
    severities = []
    for number in (0, 1, 1):
        operator = Yes(lambda number=number: found.keyring(number))
        signed = sign_walk(job(found, number, network=REGTEST), desk, operator)
        severities.append(
            [one.severity.value for one in signed.report.findings if one.code == "signed-before"]
        )
    assert severities == [[], ["note"], ["confirm"]]


def test_once_the_other_key_is_gone_the_first_signs(tmp_path):
    found = fixture(MULTISIG)
    desk = laptop(tmp_path, found, 0, 1)
    desk.keystore.remove("key1")
    assert sign_walk(job(found, 0), desk, Yes(lambda: found.keyring(0))).inputs


def test_keys_of_other_wallets_and_copies_of_one_key_are_no_matter(tmp_path):
    found, other = fixture(MULTISIG), fixture("wsh-sortedmulti-3of4-3x1")
    laptop(tmp_path, other, 2)
    desk = laptop(tmp_path, found, 0)
    names = [kept.name for kept in desk.keystore.records()]
    assert names == ["key0", "key2"]
    again = dataclasses.replace(job(found, 0), key=record(found, 0, "copy"))
    assert sign_walk(again, desk, Yes(lambda: found.keyring(0))).inputs


def test_keys_that_each_spend_alone_may_lie_together(tmp_path):
    found = fixture("tr-key-or-multi_a-1x2")
    desk = laptop(tmp_path, found, 0, 1)
    assert sign_walk(job(found, 0), desk, Yes(lambda: found.keyring(0))).inputs
    laptop(tmp_path, found, 2)
    with pytest.raises(LockedError, match="key1 and the stored key key2"):
        sign_walk(job(found, 1), desk, Yes(no_key))
