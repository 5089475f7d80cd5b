"""Checks of the ways of spending that a transaction's locks open."""

from collections import Counter
from collections.abc import Iterator

from coldsign.primitives.locks import LOCKTIME_THRESHOLD
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm
from coldsign.review.timing import RelativeLock, path_is_open, relative_lock
from coldsign.wallet.words import SpendingPath

PathLocks = tuple[RelativeLock | None, RelativeLock | None]
"""What a path asks of the coin's age, and of the chain's height or time; both in one form."""


def recovery_path_open(facts: Facts, context: Context) -> Iterator[Finding]:
    """The locks of the transaction open a path of the wallet that is meant for later.

    Another path asks for shorter locks or for none. A path that has no key of ours is named only
    where it makes the transaction wait.

    Severity: confirm
    Gain: a withdrawal that fewer signatures complete than you count on, perhaps yours alone; or
        one that is stuck until its coins are old enough, while it counts as signed.
    Do: confirm for a recovery; else have the coordinator make the transaction without these locks.
    """
    del context
    locks = {path: _locks(path) for path in facts.wallet.spending_paths()}
    late = [path for path, own in locks.items() if any(_sooner(o, own) for o in locks.values())]
    if not late:
        return
    sequences = Counter(known.sequence for known in facts.own_inputs)
    for path in late:
        spent = sum(n for seq, n in sequences.items() if path_is_open(path, facts.tx, {seq}))
        if spent and (_is_ours(facts, path) or locks[path][0] is not None):
            count = f"{spent} of {len(facts.own_inputs)} coins"
            text = f"its locks open a path for later to {count}: {path.words}"
            yield confirm("recovery-path-open", TRANSACTION, text)


def _is_ours(facts: Facts, path: SpendingPath) -> bool:
    """Whether a signature of ours could serve a path; it may, where it is not known who we are."""
    return not facts.our_keys or not set(facts.our_keys).isdisjoint(path.keys)


def _locks(path: SpendingPath) -> PathLocks:
    relative = None if path.older is None else relative_lock(2, path.older)
    if path.after is None:
        return relative, None
    return relative, RelativeLock(path.after >= LOCKTIME_THRESHOLD, path.after)


def _sooner(one: PathLocks, other: PathLocks) -> bool:
    """Whether some locks ask for less than others, and for nothing more."""
    return one != other and all(
        less is None or (more is not None and less.is_time == more.is_time and less <= more)
        for less, more in zip(one, other, strict=True)
    )


CHECKS = (recovery_path_open,)
