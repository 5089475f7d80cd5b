"""A policy in words: what changes from one to another, for a person to read before it is bound."""

from collections.abc import Iterator

from coldsign.controls.policy import Policy
from coldsign.primitives.text import printable


def differences(before: Policy, after: Policy) -> tuple[str, ...]:
    """What changes from one policy to another, whole.

    A line for each setting, and one for each entry of a list that goes or comes.
    """
    old, new = before.settings(), after.settings()
    return tuple([line for key in old for line in _changes(key, old[key], new[key])])


def _changes(key: str, old: object, new: object) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        gone, come = set(old) - set(new), set(new) - set(old)
        yield from (f"{key}: without {said(entry)}" for entry in old if entry in gone)
        yield from (f"{key}: with {said(entry)}" for entry in new if entry in come)
        if not gone and not come:
            yield f"{key}: in another order"
    else:
        yield f"{key}: {said(old)} becomes {said(new)}"


def said(value: object) -> str:
    """A single setting as a policy file would have it, without quotes, safe to show."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return printable(text, limit=len(text))
