"""What would keep a reply from getting out, said before anybody reads pages, types a passphrase, or signs."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from coldsign.ceremony.reply import Answer, expected
from coldsign.cli.deliver import goes_as_codes, is_watched
from coldsign.cli.hints import fitting
from coldsign.cli.screen import Screen
from coldsign.errors import UsageError, missing_library
from coldsign.psbt.edit import ReplyLevel
from coldsign.qr.payload import Payload

_NEEDED = ("qrcode", "PIL", "zxingcpp")


@dataclass(frozen=True, slots=True)
class Wish:
    """How the reply is to go out.

    Attributes:
        level: How much of the PSBT.
        form: ``auto``, or a dialect by name.
        out: A file or a folder, or the terminal or a pipe.
    """

    level: ReplyLevel
    form: str
    out: Path | None


def foresee(screen: Screen, request: Payload, wish: Wish) -> tuple[str, ...]:
    """What to say about the reply beforehand: nothing, or that the window is too small for its code as yet.

    Raises:
        UsageError: The reply will not fit what was asked for; the hint names what it fits.
        UnfitError: The terminal cannot draw codes, or what draws them and reads them back is missing.
        MalformedError: The request is no PSBT.
    """
    if not goes_as_codes(screen, wish.out, chosen=wish.form != "auto"):
        return ()
    answer = expected(request, level=wish.level, form=wish.form)
    try:
        need = _demand_fitting(screen, answer, wish.out)
    except UsageError as large:
        hint = "; ".join(filter(None, (_smaller(screen, request, wish), fitting(large))))
        message = f"the reply will be too large: {large.message}"
        raise UsageError(
            message, hint=f"{hint}, or --out a .psbt file", code="reply-too-large"
        ) from None
    if not need:
        return ()
    window = f"the reply's QR code will need a window of {need}"
    return (f"{window}: enlarge it, or press f then for another dialect, or stop and use --out",)


def _demand_libraries() -> None:
    missing = (name for name in _NEEDED if find_spec(name) is None)
    if unfit := next(map(missing_library, (ImportError(name=name) for name in missing)), None):
        raise unfit


def _demand_fitting(screen: Screen, answer: Answer, out: Path | None) -> str:
    """The window that is needed, where it is larger than this one."""
    if out is not None or is_watched(screen):
        _demand_libraries()
    if out is not None:
        from coldsign.qr.write import demand_one_sheet

        demand_one_sheet(answer.frames(), out)
    elif is_watched(screen):
        from coldsign.cli.show import demand_drawing, too_small_for

        demand_drawing(screen)
        return too_small_for(answer)
    else:
        answer.frames()
    return ""


def _smaller(screen: Screen, request: Payload, wish: Wish) -> str:
    """The first level of reply that fits where this one does not."""
    levels = list(ReplyLevel)
    for level in levels[levels.index(wish.level) + 1 :]:
        try:
            _demand_fitting(screen, expected(request, level=level, form=wish.form), wish.out)
        except UsageError:
            continue
        return f"--reply {level.value} fits"
    return ""
