"""Checks of the extended public keys a PSBT carries; they never define or change a wallet."""

from collections.abc import Iterator

from coldsign.primitives.keypath import KeyOrigin
from coldsign.primitives.text import printable
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, refuse

_CHAIN_AND_KEY = slice(13, 78)


def _registered(facts: Facts) -> dict[bytes, KeyOrigin]:
    """Chain code and public key of every extended key of the wallet, with its origin."""
    found: dict[bytes, KeyOrigin] = {}
    for key in facts.wallet.descriptor.keys:
        if not isinstance(key.public, bytes):
            found[key.public.chain_code + key.public.pubkey] = key.expected_origin
    return found


def xpub_of_other_network(facts: Facts, context: Context) -> Iterator[Finding]:
    """The PSBT carries an extended public key of another network.

    Severity: refuse
    Gain: coins of one network signed away in the belief that they belong to another.
    Do: check --network and which coordinator made the request.
    """
    del context
    for xpub, origin in facts.psbt.global_map.xpubs.items():
        if xpub[:4] != facts.network.xpub:
            text = f"the xpub at {origin} has the version bytes of another network"
            yield refuse("xpub-of-other-network", TRANSACTION, text)


def xpub_depth_differs(facts: Facts, context: Context) -> Iterator[Finding]:
    """An extended public key's depth is not the length of the path claimed for it.

    Severity: refuse
    Gain: a key passed off as another one's child.
    Do: reject the request.
    """
    del context
    for xpub, origin in facts.psbt.global_map.xpubs.items():
        if xpub[4] != len(origin.path):
            text = f"the xpub at {origin} has depth {xpub[4]}, its path {len(origin.path)} steps"
            yield refuse("xpub-depth-differs", TRANSACTION, text)


def false_xpub(facts: Facts, context: Context) -> Iterator[Finding]:
    """An extended public key is said to be of a cosigner, but is not the registered one.

    Severity: refuse
    Gain: a program that takes the wallet's keys from the PSBT derives his addresses.
    Do: treat it as an attack until it is explained; compare the registered wallets.
    """
    del context
    registered = _registered(facts)
    ours = {key.fingerprint for key in facts.wallet.descriptor.keys}
    for xpub, origin in facts.psbt.global_map.xpubs.items():
        known = registered.get(xpub[_CHAIN_AND_KEY])
        if (known is None and origin.fingerprint in ours) or (known or origin) != origin:
            text = f"the xpub at {printable(str(origin), 200)} is not the registered one"
            yield refuse("false-xpub", TRANSACTION, text)


def unregistered_xpub(facts: Facts, context: Context) -> Iterator[Finding]:
    """The PSBT carries an extended public key of somebody who is not in the wallet.

    Severity: confirm
    Gain: a cosigner added in the eyes of a program that believes the PSBT.
    Do: ask the coordinator why it is there; coldsign ignores it.
    """
    del context
    registered = _registered(facts)
    ours = {key.fingerprint for key in facts.wallet.descriptor.keys}
    for xpub, origin in facts.psbt.global_map.xpubs.items():
        if xpub[_CHAIN_AND_KEY] not in registered and origin.fingerprint not in ours:
            text = f"carries the xpub at {printable(str(origin), 200)}, which is not the wallet's"
            yield confirm("unregistered-xpub", TRANSACTION, text)


CHECKS = (xpub_of_other_network, xpub_depth_differs, false_xpub, unregistered_xpub)
