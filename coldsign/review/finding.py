"""A finding: one thing a person must know, with a stable code for scripts."""

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """What a finding does to the decision; the gravest first."""

    REFUSE = "refuse"
    """Nothing is signed."""
    CONFIRM = "confirm"
    """Nothing is signed unless a person names this hazard."""
    NOTE = "note"
    """It is shown."""


class Finding(NamedTuple):
    """One thing found by a check.

    Attributes:
        code: Stable kebab-case word; never reused for another meaning.
        severity: What it does to the decision.
        where: "transaction", "input 0", "output 1".
        text: One line for a person, lower case, all untrusted text in it escaped.
    """

    code: str
    severity: Severity
    where: str
    text: str


TRANSACTION = "transaction"


def refuse(code: str, where: str, text: str) -> Finding:
    """A finding after which nothing is signed."""
    return Finding(code, Severity.REFUSE, where, text)


def confirm(code: str, where: str, text: str) -> Finding:
    """A finding that a person must name to go on."""
    return Finding(code, Severity.CONFIRM, where, text)


def note(code: str, where: str, text: str) -> Finding:
    """A finding that is shown and asks for nothing."""
    return Finding(code, Severity.NOTE, where, text)
