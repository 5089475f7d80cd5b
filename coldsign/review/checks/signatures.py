"""Checks of the signatures that are already there."""

from collections.abc import Iterator

from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, note, refuse
from coldsign.review.items import InputFacts
from coldsign.review.presigned import BadSignature, SignatureFault
from coldsign.wallet.words import SpendingPath


def _bad(facts: Facts, fault: SignatureFault) -> Iterator[tuple[InputFacts, BadSignature]]:
    for known in facts.inputs:
        for signature in known.presigned.bad:
            if signature.fault is fault:
                yield known, signature


def _whose(facts: Facts, signature: BadSignature) -> str:
    name = facts.signer_name(signature.position)
    return f"our key {name}" if signature.position in facts.our_keys else f"cosigner {name}"


def invalid_signature(facts: Facts, context: Context) -> Iterator[Finding]:
    """A signature that is already there does not sign this transaction.

    Severity: refuse
    Gain: a quorum that looks complete and is not; or a test whether you look.
    Do: ask that cosigner; somebody changed the transaction after it was signed, or forged it.
    """
    del context
    for known, bad in _bad(facts, SignatureFault.INVALID):
        text = f"the signature of {_whose(facts, bad)} is {bad.fault.value}"
        yield refuse("invalid-signature", known.where, text)


def foreign_signature(facts: Facts, context: Context) -> Iterator[Finding]:
    """A signature is filed under a key that is not in the script.

    Severity: refuse
    Gain: a count of signatures that is too high.
    Do: reject the request.
    """
    del context
    for known in facts.inputs:
        for signature in known.presigned.foreign:
            key = signature.key.hex()
            text = f"carries a signature by a key that is not in its script: {key}"
            yield refuse("foreign-signature", known.where, text)


def high_s_signature(facts: Facts, context: Context) -> Iterator[Finding]:
    """A signature has a high S (BIP-146), which nodes do not relay.

    Severity: refuse
    Gain: a transaction that is completed and never confirms.
    Do: have that cosigner sign again with another program.
    """
    del context
    for known, bad in _bad(facts, SignatureFault.HIGH_S):
        text = f"the signature of {_whose(facts, bad)} has a high S"
        yield refuse("high-s-signature", known.where, text)


def loose_signature(facts: Facts, context: Context) -> Iterator[Finding]:
    """A signature that is already there does not commit to the whole transaction.

    Severity: refuse
    Gain: he changes what that signature leaves open once yours completes the quorum.
    Do: have that cosigner sign again with SIGHASH_ALL.
    """
    del context
    for known, bad in _bad(facts, SignatureFault.SIGHASH):
        text = f"the signature of {_whose(facts, bad)} is not made with SIGHASH_ALL"
        yield refuse("loose-signature", known.where, text)


def already_final(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input is already finalised: it carries a complete scriptSig or witness.

    Severity: refuse
    Gain: your signature beside parts that no signature of yours covers.
    Do: there is nothing to sign on that input; ask for the PSBT before it was finalised.
    """
    del context
    for known in facts.inputs:
        given = known.given
        if given.final_script_sig is not None or given.final_script_witness is not None:
            yield refuse("already-final", known.where, "is already finalised")


def already_signed(facts: Facts, context: Context) -> Iterator[Finding]:
    """Our valid signatures are already on every input: nothing would be added.

    Severity: confirm
    Gain: none; signatures here are deterministic and would be the same.
    Do: nothing more is needed from this key.
    """
    del context
    own = facts.own_inputs
    if (
        own
        and facts.our_keys
        and all(not set(facts.our_keys).isdisjoint(i.signatures) for i in own)
    ):
        text = "our key has validly signed every input already: nothing would be added"
        yield confirm("already-signed", TRANSACTION, text)


def enough_signatures(facts: Facts, context: Context) -> Iterator[Finding]:
    """Every input already has all the signatures it needs.

    Severity: confirm
    Gain: a spare signature, from which another quorum can be put together.
    Do: finalise the transaction instead of signing it.
    """
    del context
    own = facts.own_inputs
    if own and all(_is_satisfied(known, facts.paths) for known in own):
        text = "every input already has the signatures it needs"
        yield confirm("enough-signatures", TRANSACTION, text)


def _is_satisfied(known: InputFacts, paths: tuple[SpendingPath, ...]) -> bool:
    """Whether some way of spending has all of its signatures."""
    signed = set(known.signatures)
    return any(
        all(len(signed.intersection(group.keys)) >= group.needed for group in path.quorums)
        for path in paths
    )


def closed_path(facts: Facts, context: Context) -> Iterator[Finding]:
    """The key asked for stands only in a spending path that this transaction's locks keep closed.

    Severity: note
    Gain: none: the signature cannot complete the transaction; it is good for later, not for now.
    Do: for a recovery, have the coordinator set the sequence that the path asks for.
    """
    del context
    open_keys = {position for path in facts.paths for position in path.keys}
    for known in facts.own_inputs:
        asked = _asked_of_us(facts, known)
        if asked and open_keys.isdisjoint(asked):
            text = "asks for a key of ours that stands only in a path the locks keep closed"
            yield note("closed-path", known.where, text)


def _asked_of_us(facts: Facts, known: InputFacts) -> set[int]:
    """The positions of our keys whose origin the input gives."""
    keys = known.derived.keys if known.derived is not None else ()
    given = {*known.given.bip32_derivations, *known.given.tap_bip32_derivations}
    return {position for position in facts.our_keys if keys[position] in given}


def cosigner_signed(facts: Facts, context: Context) -> Iterator[Finding]:
    """Cosigners have validly signed already; each signature was verified.

    Severity: note
    Gain: none.
    Do: nothing.
    """
    del context
    count: dict[int, int] = {}
    for known in facts.inputs:
        for position in known.signatures:
            count[position] = count.get(position, 0) + 1
    for position, inputs in sorted(count.items()):
        text = f"{facts.signer_name(position)} has validly signed {inputs} of {len(facts.inputs)}"
        yield note("cosigner-signed", TRANSACTION, f"{text} inputs")


CHECKS = (
    invalid_signature,
    foreign_signature,
    high_s_signature,
    loose_signature,
    already_final,
    already_signed,
    enough_signatures,
    closed_path,
    cosigner_signed,
)
