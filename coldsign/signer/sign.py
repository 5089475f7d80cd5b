"""Signing: adds the signatures that were cleared, and changes nothing else."""

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from coldsign.errors import LockedError, MalformedError, RefusedError, SelfCheckError
from coldsign.keys.secret import wipe
from coldsign.primitives.digests import Digests
from coldsign.primitives.secp import der_encode, sign_ecdsa, sign_schnorr, taproot_secret
from coldsign.primitives.tx import TxOut
from coldsign.psbt.edit import add_signatures
from coldsign.psbt.model import Psbt
from coldsign.signer.claim import XONLY, Claim
from coldsign.signer.plan import Method, Task, plan
from coldsign.wallet.wallet import Wallet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from coldsign.controls.clearance import Clearance
    from coldsign.keys.keyring import Keyring, SigningKey
    from coldsign.psbt.raw import Pair


def sign(
    psbt: Psbt,
    keyring: "Keyring",
    clearance: "Clearance",
    *,
    told: "Callable[[Claim], None] | None" = None,
) -> Psbt:
    """Add every signature that the unlocked key owes to the cleared inputs.

    Signatures are deterministic, and byte for byte those of Bitcoin Core: RFC 6979 ground to a low
    r, and BIP-340 without auxiliary randomness.

    Args:
        psbt: What was reviewed.
        keyring: The unlocked secret.
        clearance: What was allowed.
        told: Gets each signature as soon as it is made, so that another process can verify it while
            the next ones are made.

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
    keys = signing_keys(keyring, facts.wallet, facts.our_keys)
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
        for task in due:
            made = _signature(task, digests, keys[task.position].secret(task.tail))
            pairs[task.input_index] += ((task.key, made.value),)
            if told is not None:
                told(made.claim)
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
    for task, found in there:
        made = _signature(task, digests, keys[task.position].secret(task.tail))
        if found != made.value:
            raise RefusedError(
                f"input {task.input_index}: a signature of our key is there that is not the one we make",
                hint="find out what else holds this key; ask for the PSBT without that signature",
                code="other-signature-of-ours",
            )


def signing_keys(
    keyring: "Keyring", wallet: Wallet, our_keys: tuple[int, ...]
) -> dict[int, "SigningKey"]:
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


class _Made(NamedTuple):
    """One signature: as it stands in the PSBT, and what it claims."""

    value: bytes
    claim: Claim


def _signature(task: Task, digests: Digests, secret: bytes) -> _Made:
    """The signature of a task; it does not depend on the others."""
    index, sighash, public = task.input_index, task.sighash, task.public
    if task.method is Method.SEGWIT_V0:
        digest = digests.segwit_v0(index, task.script, task.sats, sighash)
        signature = sign_ecdsa(secret, digest)
    elif task.method is Method.LEGACY:
        digest = digests.legacy(index, task.script, sighash)
        signature = sign_ecdsa(secret, digest)
    elif task.method is Method.TAP_SCRIPT:
        digest = digests.taproot(index, sighash, task.script)
        signature = sign_schnorr(secret, digest)
    else:
        digest = digests.taproot(index, sighash)
        signature = _key_path(secret, task.script or None, digest)
    suffix = bytes((sighash,)) if sighash else b""
    taproot = len(public) == XONLY
    value = (signature if taproot else der_encode(signature)) + suffix
    return _Made(value, (public, digest, signature))


def _key_path(secret: bytes, merkle_root: bytes | None, digest: bytes) -> bytes:
    """The signature of the output key that a secret and a script tree make (BIP-341)."""
    tweaked = taproot_secret(secret, merkle_root)
    try:
        return sign_schnorr(tweaked, digest)
    finally:
        wipe(tweaked)
