"""The walk's operator on the command line: a person who sees every line, names every hazard and types the amount."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coldsign.ceremony.operator import Consent, ExpectingOperator, Operator
from coldsign.cli.pager import Row, page_through, page_width
from coldsign.cli.screen import Screen
from coldsign.errors import DeclinedError
from coldsign.keys.keyring import Keyring
from coldsign.primitives.amount import btc
from coldsign.review.finding import Severity
from coldsign.review.render import to_json, to_lines
from coldsign.review.report import Report

_MAX_WIDTH = 120  # columns; longer lines are harder to compare with paper


@dataclass(frozen=True, slots=True)
class Person:
    """Approves by looking and typing.

    Attributes:
        screen: Where to look and type.
        key: How the key is unlocked.
        accepted: Finding codes already named on the command line.
        act: What a yes does, in a word.
        cautions: What is wrong with this machine; said beside the decision, where no page can clear it away.
    """

    screen: Screen
    key: Callable[[], Keyring]
    accepted: frozenset[str] = frozenset()
    act: str = "sign"
    cautions: tuple[str, ...] = ()

    def look(self, report: Report) -> None:
        """A report that nobody can say yes to is shown at once; the others are paged through."""
        self.screen.document(to_json(report))
        if report.verdict == "refuse":
            show_report(self.screen, report)

    def approve(self, report: Report) -> Consent:
        """Show every line, ask for every hazard by its name, then for the amount that leaves the wallet.

        Raises:
            DeclinedError: Anything but the exact words was typed, or nobody is there.
        """
        self.screen.need_person()
        page_through(self.screen, lambda width: report_rows(report, width))
        warn(self.screen, self.cautions)
        accepted = set(self.accepted)
        hazards = report.of(Severity.CONFIRM)
        for code in dict.fromkeys(finding.code for finding in hazards):
            if code in accepted:
                continue
            for finding in hazards:
                if finding.code == code:
                    self.screen.say(f"{finding.where}: {finding.text}", "confirm")
            if not self.screen.agrees("This is a risk.", code):
                raise _declined(f"the risk {code} was not accepted")
            accepted.add(code)
        self._ask_amount(report)
        return Consent(frozenset(accepted), "typed at the terminal")

    def _ask_amount(self, report: Report) -> None:
        leaving = report.facts.totals.leaving or 0
        self.screen.say(f"review code: {' '.join(report.review_code)}", "code")
        typed = self.screen.ask(
            f"{btc(leaving)} BTC leave this wallet. Type that amount to {self.act}; anything else stops."
        )
        if typed.upper().removesuffix("BTC").strip() != btc(leaving):
            raise _declined("the amount typed is not the amount that leaves the wallet")

    def unlock(self) -> Keyring:
        """The key."""
        return self.key()


def operator_for(
    screen: Screen,
    expect: str | None,
    accepted: frozenset[str],
    key: Callable[[], Keyring],
    *,
    act: str = "sign",
    cautions: tuple[str, ...] = (),
) -> Operator:
    """Who decides: the person at the terminal, or the script that names the review it expects.

    Args:
        screen: Where to look and type, and where a script's log is written.
        expect: The review code or digest of ``--expect``; None where a person is asked.
        accepted: Finding codes named on the command line.
        key: How the key is unlocked.
        act: What a yes does, in a word.
        cautions: What is said beside the decision.
    """
    if expect is None:
        return Person(screen, key, accepted, act, cautions)
    return ExpectingOperator((expect,), accepted, key, told_to(screen, cautions))


def told_to(screen: Screen, cautions: Sequence[str] = ()) -> Callable[[Report], None]:
    """How a script's report is told: the cautions, the JSON document, and every line."""

    def told(report: Report) -> None:
        warn(screen, cautions)
        screen.document(to_json(report))
        show_report(screen, report)

    return told


def warn(screen: Screen, cautions: Sequence[str]) -> None:
    """Say what is wrong with this machine, or with what is decided on it."""
    for caution in cautions:
        screen.say(f"warning: {caution}", "confirm")


def report_rows(report: Report, width: int) -> Sequence[Row]:
    """The report as rows of the pager."""
    return [Row(line.role.value, line.text) for line in to_lines(report, min(width, _MAX_WIDTH))]


def show_report(screen: Screen, report: Report) -> None:
    """The whole report beside the result, on standard error, unpaged."""
    for row in report_rows(report, page_width()):
        screen.tell(row.text, row.role)


def present_report(screen: Screen, report: Report) -> None:
    """The report as the result itself: paged for a person, plain for a file or a pipe."""
    if screen.result_is_read and not screen.json:
        page_through(screen, lambda width: report_rows(report, width), then="to the end")
        return
    for row in report_rows(report, page_width()):
        screen.result(row.text, row.role)


def _declined(why: str) -> DeclinedError:
    return DeclinedError(why, hint="nothing was signed", code="declined")
