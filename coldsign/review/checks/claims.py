"""Checks of what a PSBT claims about scripts that are ours: keys, origins, scripts."""

from collections.abc import Iterable, Iterator

from coldsign.primitives.script import classify
from coldsign.primitives.text import printable
from coldsign.review.checks.change import last_seen
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding, refuse
from coldsign.review.ownership import ClaimFault, origins_of
from coldsign.wallet.wallet import RECEIVE

MAX_SEARCHED = 30_000
"""Keys derived for each branch in search of a hidden coin, at 35 us each: 2,000 places of fifteen cosigners."""


def false_claims(facts: Facts, code: str, faults: dict[ClaimFault, str]) -> Iterator[Finding]:
    """A refusal for each false claim of these kinds, in the words that stand beside its kind."""
    for known in facts.items:
        for claim in known.ownership.false_claims:
            if claim.fault in faults:
                text = faults[claim.fault].format(printable(claim.about, 400))
                yield refuse(code, known.where, text)


def false_key_origin(facts: Facts, context: Context) -> Iterator[Finding]:
    """A script is ours, but a key or key origin claimed for it is not what the wallet has there.

    Severity: refuse
    Gain: cosigners who look in the wrong place, a coin nobody finds again, or a program that
        takes the false key for one of the wallet's.
    Do: treat it as an attack until it is explained; compare the registered wallets.
    """
    del context
    texts = {
        ClaimFault.FOREIGN_KEY: "claims a key that is not in its script: {}",
        ClaimFault.WRONG_ORIGIN: "claims a false origin: {}",
    }
    yield from false_claims(facts, "false-key-origin", texts)


def script_data_missing(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input lacks its redeem script or witness script.

    Severity: refuse
    Gain: other signers must take the script from somewhere else.
    Do: have the coordinator include the scripts of every input.
    """
    del context
    texts = {ClaimFault.SCRIPT_MISSING: "its {} is missing"}
    yield from false_claims(facts, "script-data-missing", texts)


def script_data_differs(facts: Facts, context: Context) -> Iterator[Finding]:
    """A redeem script or witness script is not the one the wallet derives for this place.

    Severity: refuse
    Gain: a signature for another script than the one registered.
    Do: reject the request.
    """
    del context
    texts = {ClaimFault.SCRIPT_DIFFERS: "its {} is not the wallet's"}
    yield from false_claims(facts, "script-data-differs", texts)


def path_too_deep(facts: Facts, context: Context) -> Iterator[Finding]:
    """A claimed key path has more steps than the policy allows.

    Severity: refuse
    Gain: coins where no wallet looks for them.
    Do: reject the request, or raise limits.max_path_depth if your wallet is this deep.
    """
    limit = context.limits.max_path_depth
    for known in facts.items:
        deepest = max([len(origin.path) for origin in origins_of(known.given)], default=0)
        if deepest > limit:
            text = f"claims a key path of {deepest} steps, the policy allows {limit}"
            yield refuse("path-too-deep", known.where, text)


def hidden_input(facts: Facts, context: Context) -> Iterator[Finding]:
    """A coin of this wallet comes without a true key origin, so that it passes for somebody else's.

    It is looked for only where the policy lets others' coins in, at the places that may be used.

    Severity: refuse
    Gain: a loss that looks smaller than it is, below the limits, while other cosigners sign for
        the hidden coin.
    Do: treat it as an attack; have the coordinator give the key origins of every coin of the wallet.
    """
    if not context.limits.foreign_inputs:
        return  # refused as a foreign input
    strange = {known.script: known for known in facts.inputs if not known.ours and known.script}
    most = MAX_SEARCHED // len(facts.wallet.descriptor.keys)
    for branch in range(facts.wallet.branches) if _could_be_ours(facts, strange) else ():
        last = max([last_seen(context, branch), *_spent(facts, branch)])
        for index in range(min(last + context.limits.gap + 1, most)):
            known = strange.get(facts.wallet.derive(branch, index).script_pubkey)
            if known is not None:
                text = f"is this wallet's at {branch}/{index}, but passes for another's coin"
                yield refuse("hidden-input", known.where, text)


def _spent(facts: Facts, branch: int) -> Iterator[int]:
    """The indexes of a branch that known coins of ours are at."""
    for known in facts.own_inputs:
        if known.place is not None and known.place.branch == branch:
            yield known.place.index


def _could_be_ours(facts: Facts, scripts: Iterable[bytes]) -> bool:
    """Whether a script is of the wallet's form; a wallet without a wildcard was searched before."""
    if not facts.wallet.descriptor.ranged:
        return False
    own = classify(facts.wallet.derive(RECEIVE, 0).script_pubkey)
    return any(classify(script) is own for script in scripts)


CHECKS = (
    false_key_origin,
    script_data_missing,
    script_data_differs,
    path_too_deep,
    hidden_input,
)
