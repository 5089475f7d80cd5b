"""A command's SOURCEs: files, pictures and standard input by name, the camera where none is named."""

from collections.abc import Callable, Sequence

from coldsign.ceremony.intake import PSBT, read_one, read_replies, read_requests
from coldsign.cli.screen import Screen
from coldsign.cli.typed import standard_input
from coldsign.cli.watch import Watch
from coldsign.errors import UsageError
from coldsign.qr.payload import Payload, PayloadKind


def read_source(
    screen: Screen, sources: Sequence[str], want: frozenset[PayloadKind], *, camera: int | str = 0
) -> Payload:
    """The one message that the sources hold.

    Args:
        screen: Tells how far the message is, and what is typed on.
        sources: As on the command line; nothing is the camera.
        want: The kinds of payload that are due.
        camera: Its number, or a recording in its place.

    Raises:
        MalformedError: Something else than what is due, or damaged.
        UsageError: They hold several messages, or one of them is not there.
    """
    demand_one_input(*sources)
    return read_one(
        sources,
        want=want,
        stdin=standard_input(screen, want),
        camera=_scanner(screen, sources, want, camera),
        watcher=Watch(screen),
    )


def read_sources(
    screen: Screen, sources: Sequence[str], want: frozenset[PayloadKind], *, camera: int | str = 0
) -> tuple[Payload, ...]:
    """Every message that the sources hold; pictures together are one.

    Raises:
        MalformedError: As ``read_source``.
        UsageError: One of them is not there.
    """
    demand_one_input(*sources)
    return read_requests(
        sources,
        want=want,
        stdin=standard_input(screen, want),
        camera=_scanner(screen, sources, want, camera),
        watcher=Watch(screen),
    )


def read_copies(screen: Screen, sources: Sequence[str]) -> tuple[Payload, ...]:
    """Every PSBT of several people: what is whole by itself is one person's.

    Raises:
        MalformedError: As ``read_source``.
        UsageError: One of them is not there.
    """
    demand_one_input(*sources)
    stdin = standard_input(screen, PSBT)
    return read_replies(sources, stdin=stdin, watcher=Watch(screen))


def demand_one_input(*named: str | None) -> None:
    """Refuse standard input for two things: the first would take all of it, and the second find it empty.

    Args:
        named: All that a command line names.

    Raises:
        UsageError: ``-`` is there twice.
    """
    if named.count("-") > 1:
        raise UsageError(
            "standard input can be read once, and '-' is given twice",
            hint="save one of the two to a file, and name that",
        )


def _scanner(
    screen: Screen, sources: Sequence[str], want: frozenset[PayloadKind], camera: int | str
) -> Callable[[], Payload] | None:
    if sources:
        return None
    from coldsign.cli.camera import scan

    return scan(screen, camera, want)
