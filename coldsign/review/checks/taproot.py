"""Checks of taproot data: internal key, merkle root, leaves, control blocks."""

from collections.abc import Iterator

from coldsign.review.checks.claims import false_claims
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding, note
from coldsign.review.ownership import ClaimFault


def taproot_data_differs(facts: Facts, context: Context) -> Iterator[Finding]:
    """Taproot data on a script of ours is not what the registered descriptor gives.

    It is the internal key, the merkle root, a leaf script, its version or its control block, or
    the script tree of an output.

    Severity: refuse
    Gain: a key path that he holds, a leaf that anyone can spend, a control block that fails.
    Do: reject the request.
    """
    del context
    texts = {ClaimFault.TAPROOT_DIFFERS: "its {} is not the wallet's"}
    yield from false_claims(facts, "taproot-data-differs", texts)


def wrong_leaf(facts: Facts, context: Context) -> Iterator[Finding]:
    """A key is said to sign for a taproot leaf that it is not in.

    Severity: refuse
    Gain: a signature for another leaf than the one shown.
    Do: reject the request.
    """
    del context
    texts = {ClaimFault.WRONG_LEAF: "{} is said to sign in a leaf it is not in"}
    yield from false_claims(facts, "wrong-leaf", texts)


def musig2_data(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input carries MuSig2 data (BIP-373), which coldsign neither checks nor uses.

    Severity: note
    Gain: none here.
    Do: nothing; it is carried through unchanged.
    """
    del context
    for known in facts.inputs:
        given = known.given
        if given.musig2_participants or given.musig2_pub_nonces or given.musig2_partial_sigs:
            yield note("musig2-data", known.where, "carries MuSig2 data, which is not used")


CHECKS = (taproot_data_differs, wrong_leaf, musig2_data)
