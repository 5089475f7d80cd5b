"""The other side of the table: a person, a script, or a test. The walk asks; it never prompts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from coldsign.errors import DeclinedError
from coldsign.keys.keyring import Keyring
from coldsign.review.report import Report


@dataclass(frozen=True, slots=True)
class Consent:
    """A yes to one report.

    Attributes:
        accepted: The codes of the hazards that were named and accepted.
        how: How it was given, in a word or two for the journal.
    """

    accepted: frozenset[str]
    how: str


class Operator(Protocol):
    """Who decides and who holds the key."""

    def look(self, report: Report) -> None:
        """Told the report as soon as it is made, whatever becomes of it."""
        ...

    def approve(self, report: Report) -> Consent:
        """Look at the report and say yes.

        Raises:
            DeclinedError: The answer is no.
        """
        ...

    def unlock(self) -> Keyring:
        """The unlocked key; asked for only once everything else is decided. The walk wipes it.

        Raises:
            LockedError: Wrong passphrase, or no such key.
        """
        ...


@dataclass(frozen=True, slots=True)
class ExpectingOperator:
    """A script's operator: it approves exactly the review whose code was given beforehand.

    Attributes:
        expected: The review codes it was given, as typed; or whole digests of reviews, in hex.
        accepted: The finding codes it accepts.
        key: How the key is unlocked.
        told: Gets the report, to print it.
    """

    expected: Sequence[str]
    accepted: frozenset[str]
    key: Callable[[], Keyring]
    told: Callable[[Report], None] = lambda _report: None

    def look(self, report: Report) -> None:
        """Pass the report on."""
        self.told(report)

    def approve(self, report: Report) -> Consent:
        """Yes if the recomputed review code, or the digest it begins, is one of those expected.

        Raises:
            DeclinedError: It is another one.
        """
        words = tuple(report.review_code)
        ways = {words, (report.review_digest.hex(),)}
        if ways.isdisjoint(map(normalise_code, self.expected)):
            raise DeclinedError(
                f"the review code is '{' '.join(words)}', not the one expected",
                hint="run 'coldsign inspect' and compare: this is not the transaction that was reviewed",
                code="unexpected-review",
            )
        return Consent(self.accepted, "expected review code")

    def unlock(self) -> Keyring:
        """The key."""
        return self.key()


def normalise_code(text: str) -> tuple[str, ...]:
    """The words of a typed review code: any case, separated by spaces, dashes or commas."""
    for separator in "-,_":
        text = text.replace(separator, " ")
    return tuple(text.lower().split())
