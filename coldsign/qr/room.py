"""A message that the codes at hand cannot hold; by its error's code whoever shows it names the option that helps."""

from typing import Final

from coldsign.errors import UsageError

CODES_TOO_SMALL: Final = "codes-too-small"
ONE_CODE_ONLY: Final = "one-code-only"


def too_small(message: str) -> UsageError:
    """More parts than a dialect numbers, or parts too small to hold anything."""
    return UsageError(message, hint="larger QR codes hold more", code=CODES_TOO_SMALL)


def too_long(message: str) -> UsageError:
    """More than the one code holds of a dialect that has no parts."""
    return UsageError(
        message, hint="UR and BBQr spread a message over several codes", code=ONE_CODE_ONLY
    )
