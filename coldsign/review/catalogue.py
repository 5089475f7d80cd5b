"""The manual of the findings, made from the checks' docstrings: ``python -m coldsign.review.catalogue``."""

import inspect
import sys
from typing import NamedTuple

from coldsign.review.checklist import CHECKS, Check

_SECTIONS = ("Severity:", "Gain:", "Do:")
_INTRODUCTION = """\
# Findings

<!-- made by `python -m coldsign.review.catalogue`; change the docstrings in coldsign/review/checks -->

Every review runs every check. A finding has a stable code, which scripts can rely on and which is
never reused, and a severity:

- **refuse**: nothing is signed.
- **confirm**: nothing is signed unless a person, or `--accept CODE`, names this hazard.
- **note**: it is shown.

Input that is not what it claims to be (a damaged PSBT, a duplicate key, an amount of more than 21
million bitcoin, a point that is not on the curve) never becomes a finding: it stops with exit code 3
before anything is reviewed.
"""
_STRICTER = """\
## Stricter than asked

Where this review could have let something pass, and does not:

- A key type that is not encoded in the shortest way is malformed; it is not carried as unknown.
- A PSBT of version 2 that says it may still be changed is refused; its flags are not just cleared.
- More than one change output is confirmed, not only more than ten.
- A locktime more than a day (144 blocks) after `limits.height` is confirmed, even within
  `limits.locktime_window`.
- A legacy coin is never accepted without its previous transaction, whatever the policy says.
- A taproot coin without its previous transaction is accepted only in a taproot wallet's transaction,
  where every signature we make commits to all amounts.
- Coins spent in the same transaction do not move the window for change: only what was signed before.
- A change to this transaction's payees against an earlier one that it replaces is refused, unless a
  manifest names the new payee.
- A field of unknown meaning above 16,384 bytes is refused; smaller ones are carried and counted.
- Signatures that are already enough for every input: adding another one must be confirmed.
"""


class Entry(NamedTuple):
    """One code's manual.

    Attributes:
        code: The finding's code.
        severity: The severities it can have.
        meaning: What was found.
        gain: What an attacker gets from it.
        action: What the person does.
    """

    code: str
    severity: str
    meaning: str
    gain: str
    action: str


def entry(check: Check) -> Entry:
    """Read the manual out of a check's docstring."""
    text = inspect.cleandoc(check.__doc__ or "")
    parts = {"": ""}
    current = ""
    for line in text.splitlines():
        name = next((name for name in _SECTIONS if line.startswith(name)), None)
        current = name if name is not None else current
        parts[current] = parts.get(current, "") + line.removeprefix(name or "").strip() + "\n"
    meaning, severity, gain, action = (_prose(parts[name]) for name in ("", *_SECTIONS))
    return Entry(check.__name__.replace("_", "-"), severity, meaning, gain, action)


def _prose(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def catalogue() -> tuple[Entry, ...]:
    """The manual of every finding, in the order of the report."""
    return tuple(entry(check) for check in CHECKS)


def to_markdown() -> str:
    """The manual as a page."""
    blocks = [_INTRODUCTION]
    blocks += [
        f"## {item.code}\n\n{item.meaning}\n\n- Severity: {item.severity}\n"
        f"- What an attacker gains: {item.gain}\n- What to do: {item.action}\n"
        for item in catalogue()
    ]
    return "\n".join([*blocks, _STRICTER])


if __name__ == "__main__":
    sys.stdout.write(to_markdown())
