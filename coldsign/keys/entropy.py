"""Where a new key's randomness comes from: the operating system, and dice if a person rolls them.

Neither source can spoil the other: the result is HMAC-SHA256 with the system's bytes as the key
and the rolls as the message, so it is as hard to guess as the better of the two. The system's
bytes are tested first: a generator that returns constants or repeats itself is noticed here and
not years later.
"""

import hmac
import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from coldsign.errors import MalformedError, RefusedError, UnfitError
from coldsign.keys.secret import Secret, wipe

SIZES: Final = (16, 32)  # bytes: 12 or 24 words
BITS_PER_ROLL: Final = math.log2(6)
MAX_ROLLS: Final = 4096  # nobody rolls more; a longer text is a wrong file

# Each threshold is crossed by a good generator less often than once in 10^9 keys.
_DRAWS, _DRAW = 8, 32
_BLOCK = 8  # bytes; no two of the 32 blocks are the same (2^-55 for a good generator)
_MAX_SAME = 16  # how often one byte value may stand among 256
_MAX_RUN = 5  # how often one byte value may follow itself
_MAX_BIT_TILT = 54  # how far one bit of the 256 bytes may be from half ones (6.8 deviations)
_MAX_TILT = 150  # how far the 2048 bits may be from half ones (6.6 standard deviations)
# Chi-squared with five degrees of freedom: fair dice exceed this once in 10^6 times.
_MAX_CHI_SQUARED = 35.9


def gather(size: int, random: Callable[[int], bytes], *, rolls: str = "") -> Secret:
    """Bytes for a new mnemonic.

    Args:
        size: 16 or 32 bytes.
        random: The system's generator, ``os.urandom``; what it returns is overwritten after use.
        rolls: The faces a person rolled, ``1`` to ``6``, blanks allowed; mixed in where given.

    Raises:
        UnfitError: The generator fails its health tests (code ``weak-randomness``).
        MalformedError: The rolls are not dice rolls, or too few for the size.
        RefusedError: The rolls are too uneven or too regular to be dice (code ``biased-dice``).
    """
    if size not in SIZES:
        raise MalformedError(f"a new key has 16 or 32 bytes of entropy, not {size}")
    faces = parse_rolls(rolls)
    if faces:
        check_rolls(faces, size)
    seen = check_generator(random)
    key = random(_DRAW)
    if len(key) != _DRAW or key in seen:
        raise _weak("it repeats itself")
    message = b"coldsign entropy" + bytes([size]) + faces.encode("ascii")
    digest = hmac.digest(key, message, "sha256")
    secret = Secret(digest[:size])
    for copy in (digest, message, key):
        wipe(copy)
    return secret


def parse_rolls(text: str) -> str:
    """The faces in a text, without blanks and commas.

    Raises:
        MalformedError: Something that is no face of a die; the message names its position.
    """
    faces = "".join(text.replace(",", " ").split())
    if len(faces) > MAX_ROLLS:
        raise MalformedError(f"{len(faces)} dice rolls; {MAX_ROLLS} are the most")
    for position, face in enumerate(faces, 1):
        if face not in "123456":
            raise MalformedError(f"roll {position} is not a face from 1 to 6")
    return faces


def rolls_needed(size: int) -> int:
    """How many rolls of a fair die carry this many bytes of entropy: 50 for 16, 100 for 32."""
    return math.ceil(size * 8 / BITS_PER_ROLL)


def counted_bits(faces: str) -> float:
    """The entropy a person's rolls are counted with: log2(6) bits each."""
    return len(faces) * BITS_PER_ROLL


def check_rolls(faces: str, size: int) -> None:
    """Stop at rolls that cannot stand alone for ``size`` bytes.

    Two tests, each failed by fair dice less than once in a million times: the counts of the six
    faces (chi-squared), and the number of different pairs of neighbours, which patterns keep low.

    Raises:
        MalformedError: Too few rolls.
        RefusedError: They are too uneven or too regular (code ``biased-dice``).
    """
    if len(faces) < rolls_needed(size):
        raise MalformedError(
            f"{len(faces)} dice rolls carry {counted_bits(faces):.0f} bits; "
            f"{rolls_needed(size)} rolls are needed",
            hint="roll on; every roll counts",
        )
    expected = len(faces) / 6
    counts = Counter(faces)
    chi_squared = sum((counts[face] - expected) ** 2 / expected for face in "123456")
    if chi_squared > _MAX_CHI_SQUARED:
        raise _biased("some faces came up far too often")
    pairs = len({faces[at : at + 2] for at in range(len(faces) - 1)})
    if pairs < 18 * (1 - (35 / 36) ** (len(faces) - 1)):  # half of what fair dice give on average
        raise _biased("they follow a pattern")


def check_generator(random: Callable[[int], bytes]) -> tuple[bytes, ...]:
    """Health tests of a generator before it is trusted; returns the bytes it gave, now used up.

    Raises:
        UnfitError: It returns constants, repeats itself, or is plainly uneven (code
            ``weak-randomness``).
    """
    draws = tuple(random(_DRAW) for _ in range(_DRAWS))
    if any(len(draw) != _DRAW for draw in draws):
        raise _weak("it returns the wrong number of bytes")
    sample = b"".join(draws)
    blocks = [sample[at : at + _BLOCK] for at in range(0, len(sample), _BLOCK)]
    if len(set(blocks)) != len(blocks):
        raise _weak("it repeats itself")
    if max(Counter(sample).values()) > _MAX_SAME or _longest_run(sample) > _MAX_RUN:
        raise _weak("one byte value comes far too often")
    ones = int.from_bytes(sample, "big").bit_count()
    tilts = (sum(byte >> bit & 1 for byte in sample) - len(sample) // 2 for bit in range(8))
    if abs(ones - len(sample) * 4) > _MAX_TILT or max(map(abs, tilts)) > _MAX_BIT_TILT:
        raise _weak("ones and zeros are uneven")
    return draws


def _longest_run(sample: bytes) -> int:
    longest = run = 1
    for previous, current in pairwise(sample):
        run = run + 1 if previous == current else 1
        longest = max(longest, run)
    return longest


def _weak(why: str) -> UnfitError:
    return UnfitError(
        f"the random generator of this machine fails its health test: {why}",
        hint="make no key on this machine",
        code="weak-randomness",
    )


def _biased(why: str) -> RefusedError:
    return RefusedError(
        f"these rolls are not those of fair dice: {why}",
        hint="roll again, with other dice",
        code="biased-dice",
    )
