"""Finishing a transaction: of a registered wallet whatever its script, of others what keys and thresholds make."""

from collections.abc import Iterator
from dataclasses import replace

from coldsign.errors import RefusedError
from coldsign.primitives.locks import Locks
from coldsign.primitives.script import push
from coldsign.primitives.text import printable
from coldsign.primitives.tx import Witness
from coldsign.psbt.finalize import finalize
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.model import Psbt
from coldsign.psbt.satisfy import NOT_COMPLETE, Completion
from coldsign.psbt.satisfy import satisfy as satisfy_keys
from coldsign.psbt.signatures import demand_valid
from coldsign.review.facts import Facts, gather
from coldsign.review.items import InputFacts
from coldsign.review.presigned import SignatureFault
from coldsign.wallet.derive import Derived, Taproot
from coldsign.wallet.miniscript.ast import MULTISIGS
from coldsign.wallet.miniscript.satisfy import Supply, satisfy
from coldsign.wallet.miniscript.stack import witness_size
from coldsign.wallet.taptree import Tree, leaves
from coldsign.wallet.wallet import Wallet

_FAULT_WORDS = {
    SignatureFault.SIGHASH: "does not commit to the whole transaction",
    SignatureFault.HIGH_S: "has a high S, which nodes do not relay",
    SignatureFault.INVALID: "is not a signature of this transaction",
}


def finish(psbt: Psbt, wallet: Wallet | None = None) -> Psbt:
    """Finish every input, those of the wallet by its own scripts; no signature is used that is not valid.

    Where several of a wallet's spending paths are complete, the one with the smallest witness that
    no third party can change is taken. Its scripts and control blocks are those we derive. What is called
    final beside signatures is not used: nobody verified it.

    Raises:
        RefusedError: An input lacks its coin or signatures, or one of its signatures is not of this
            whole transaction or would not be relayed; the message says which.
    """
    if wallet is None:
        demand_valid(psbt, range(len(psbt.inputs)))
        return finalize(psbt)
    facts = gather(psbt, wallet)
    demand_valid(psbt, [known.index for known in facts.inputs if not known.ours])

    def complete(script: bytes, found: PsbtInput) -> Completion:
        known = facts.inputs[found.map.number]
        derived = known.derived
        if derived is None or derived.script_pubkey != script:
            return satisfy_keys(script, found)
        _demand_valid(facts, known)
        witness = _witness(facts, known, derived)
        if witness is None:
            return satisfy_keys(script, found)
        redeem = derived.redeem_script
        return Completion(push(redeem) if redeem is not None else b"", witness)

    return finalize(psbt, complete, final_stands_in=False)


def _demand_valid(facts: Facts, known: InputFacts) -> None:
    """Stop at any signature that the review would refuse: only valid ones were verified at all."""
    for bad in known.presigned.bad:
        raise RefusedError(
            f"the signature of cosigner {facts.signer_name(bad.position)} {_FAULT_WORDS[bad.fault]}",
            hint="combine the cosigners' replies again without it",
        )


def _witness(facts: Facts, known: InputFacts, derived: Derived) -> Witness | None:
    """The witness of a script that is more than keys and a threshold; None for those."""
    tree, node, taproot = (
        facts.wallet.descriptor.tree,
        facts.wallet.descriptor.script,
        derived.taproot,
    )
    locks = Locks(facts.tx.version, known.sequence, facts.tx.locktime)
    supply = Supply(derived.keys, {}, known.given.preimages, locks)
    if taproot is not None:
        if known.given.tap_key_sig is not None or tree is None:
            return None
        stacks = list(_leaf_stacks(known, tree, taproot, supply))
        if not stacks:
            raise _incomplete(facts, known)
        return min(stacks, key=witness_size)
    if node is None or node.fragment in MULTISIGS or derived.witness_script is None:
        return None
    sigs = known.given.partial_sigs
    signed = {at: sigs[key] for at, key in enumerate(derived.keys) if key in sigs}
    items = satisfy(node, replace(supply, signatures=signed))
    if items is None:
        raise _incomplete(facts, known)
    return (*items, derived.witness_script)


def _leaf_stacks(
    known: InputFacts, tree: Tree, taproot: Taproot, supply: Supply
) -> Iterator[Witness]:
    """The whole witness of every leaf that is complete."""
    sigs = known.given.tap_script_sigs
    for node, leaf in zip(leaves(tree), taproot.leaves, strict=True):
        named = {at: (supply.keys[at], leaf.leaf_hash) for at in leaf.keys}
        signed = {at: sigs[filed] for at, filed in named.items() if filed in sigs}
        items = satisfy(node, replace(supply, signatures=signed))
        if items is not None:
            yield (*items, leaf.script, leaf.control_block)


def _incomplete(facts: Facts, known: InputFacts) -> RefusedError:
    signers = map(facts.signer_name, known.signatures)
    return RefusedError(
        f"no spending path of wallet {facts.wallet.name} is complete: signed by"
        f" {', '.join(signers) or 'nobody'}, sequence {known.sequence:#010x}, locktime {facts.tx.locktime}",
        hint=printable(f"the wallet asks for {facts.wallet.words}", 400),
        code=NOT_COMPLETE,
    )
