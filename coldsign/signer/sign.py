"""Signing: adds the signatures that were cleared, and changes nothing else."""

from collections import defaultdict
from typing import TYPE_CHECKING

from coldsign.errors import LockedError, MalformedError, RefusedError, SelfCheckError
from coldsign.keys.secret import wipe
from coldsign.primitives.digests import Digests
from coldsign.primitives.secp import der_encode, sign_ecdsa, sign_schnorr, taproot_secret
from coldsign.primitives.tx import TxOut
from coldsign.psbt.edit import add_signatures
from coldsign.psbt.model import Psbt
from coldsign.signer.plan import Method, Task, plan
from coldsign.wallet.wallet import Wallet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coldsign.controls.clearance import Clearance
    from coldsign.keys.keyring import Keyring, SigningKey
    from coldsign.psbt.raw import Pair


def sign(psbt: Psbt, keyring: "Keyring", clearance: "Clearance") -> Psbt:
    """Add every signature that the unlocked key owes to the cleared inputs.

    Signatures are deterministic, and byte for byte those of Bitcoin Core: RFC 6979 ground to a low
    r, and BIP-340 without auxiliary randomness.

    Raises:
        HaltedError: The machine was halted since the clearance.
        RefusedError: This is not the PSBT that was cleared, something in it is never signed, or it
            holds a signature of our key that we would not have made.
        LockedError: The key is none of the wallet's, or not the one registered as ours; it is more
            than one cosigner's; or no signature of it is missing.
        SelfCheckError: What was made is no signature: a bug, or a fault of the machine.
    """
    facts = clearance.report.facts
    if not psbt.digest == facts.psbt.digest == clearance.psbt_digest:
        raise RefusedError(
            "the psbt is not the one that was reviewed and cleared", code="psbt-changed"
        )
    clearance.demand_standing()
    keys = claim(keyring, facts.wallet, facts.our_keys)
    due, there = plan(clearance, keys)
    unknown = TxOut(0, b"")
    prevouts = tuple([known.prevout.out or unknown for known in facts.inputs])
    digests = Digests(psbt.tx, prevouts)
    pairs: defaultdict[int, tuple[Pair, ...]] = defaultdict(tuple)
    try:
        _demand_ours(there, digests, keys)
        if not due:
            raise LockedError(
                "nothing to sign: this key's signatures are all there already",
                code="nothing-to-sign",
            )
        made = make_signatures(due, digests, keys)
        for task, signature in zip(due, made, strict=True):
            pairs[task.input_index] += ((task.key, signature),)
        return add_signatures(psbt, pairs)
    except MalformedError as problem:  # all of it is our own making
        raise SelfCheckError(f"self-check: a signature cannot be: {problem.message}") from problem


def _demand_ours(
    there: "Sequence[tuple[Task, bytes]]", digests: Digests, keys: "Mapping[int, SigningKey]"
) -> None:
    """Stop at a signature of our key that is not, byte for byte, the one we make.

    Ours are deterministic. A valid one that differs was made by something else that has the secret,
    or by a signer whose nonces may give the secret away.

    Raises:
        RefusedError: There is one.
    """
    if not there:
        return
    made = make_signatures([task for task, _ in there], digests, keys)
    for (task, found), own in zip(there, made, strict=True):
        if found != own:
            raise RefusedError(
                f"input {task.input_index}: a signature of our key is there that is not the one we make",
                hint="find out what else holds this key; ask for the PSBT without that signature",
                code="other-signature-of-ours",
            )


def make_signatures(
    tasks: "Sequence[Task]", digests: Digests, keys: "Mapping[int, SigningKey]"
) -> list[bytes]:
    """The signature of each task, as it stands in the PSBT; the tasks do not depend on each other.

    Args:
        tasks: What is due.
        digests: Of the transaction, with the coins of all its inputs.
        keys: Our keys by their position in the descriptor.
    """
    return [_signature(task, digests, keys[task.position].secret(task.tail)) for task in tasks]


def claim(keyring: "Keyring", wallet: Wallet, our_keys: tuple[int, ...]) -> dict[int, "SigningKey"]:
    """The keys of a wallet whose secrets this keyring holds, by their position in the descriptor.

    Several positions are one cosigner's where the same extended key stands there with other steps.

    Args:
        keyring: The unlocked secret.
        wallet: The registered wallet.
        our_keys: The positions that were said to sign when it was reviewed; any, if none were.

    Raises:
        LockedError: It holds none, one that is not registered as ours, or those of two cosigners:
            together they could sign for more people than are at the table.
    """
    found: dict[int, SigningKey] = {}
    for position, expression in enumerate(wallet.descriptor.keys):
        key = keyring.claim(expression.origin, expression.public)
        if key is not None:
            found[position] = key
    if not found:
        raise LockedError(
            f"this key is none of the {len(wallet.descriptor.keys)} keys of wallet {wallet.name}",
            hint="choose another --key, or another --wallet",
            code="key-not-in-wallet",
        )
    if len({wallet.descriptor.keys[position].public for position in found}) > 1:
        raise LockedError(
            f"this secret holds the keys of more than one cosigner of wallet {wallet.name}",
            hint="each cosigner's key must come from a secret of its own",
            code="several-cosigners",
        )
    if any(allowed and not set(found) <= set(allowed) for allowed in (our_keys, wallet.our_keys)):
        raise LockedError(
            f"this key is not the one registered as ours in wallet {wallet.name}",
            hint="choose the registered key, or register the wallet with this one",
            code="key-not-ours",
        )
    return found


def _signature(task: Task, digests: Digests, secret: bytes) -> bytes:
    """The value that stands in the PSBT: the signature, and its sighash byte where there is one."""
    index, sighash = task.input_index, task.sighash
    if task.method is Method.SEGWIT_V0:
        digest = digests.segwit_v0(index, task.script, task.sats, sighash)
        return der_encode(sign_ecdsa(secret, digest)) + bytes((sighash,))
    if task.method is Method.LEGACY:
        digest = digests.legacy(index, task.script, sighash)
        return der_encode(sign_ecdsa(secret, digest)) + bytes((sighash,))
    suffix = bytes((sighash,)) if sighash else b""
    if task.method is Method.TAP_SCRIPT:
        return sign_schnorr(secret, digests.taproot(index, sighash, task.script)) + suffix
    tweaked = taproot_secret(secret, task.script or None)
    try:
        return sign_schnorr(tweaked, digests.taproot(index, sighash)) + suffix
    finally:
        wipe(tweaked)
