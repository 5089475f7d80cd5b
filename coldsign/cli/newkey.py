"""What ``key new`` asks and shows: the rolls of dice, the words once, and some of them back."""

import shutil

from coldsign.cli.screen import Screen, stopped
from coldsign.errors import DeclinedError, MalformedError
from coldsign.keys.entropy import parse_rolls, rolls_needed
from coldsign.keys.mnemonic import Mnemonic

_TRIES = 3  # to read a word back from the paper
_CELL = 13  # columns: the number, the longest word, and a blank
_GAP = 2
_MOST_COLUMNS = 4  # of words; the eye loses longer lines


def ask_rolls(screen: Screen, size: int) -> str:
    """The faces a person rolled; what is missing is asked for until they are enough.

    Raises:
        DeclinedError: Nobody is at the terminal, or the person stopped by an empty line.
    """
    need, faces = rolls_needed(size), ""
    question = f"Roll a die {need} times or more and type the faces (1 to 6)."
    while len(faces) < need:
        typed = screen.ask(question)
        if not typed:
            raise stopped()
        try:
            faces += parse_rolls(typed)
        except MalformedError as wrong:
            screen.say(f"{wrong.message}; this line does not count", "confirm")
        question = f"{len(faces)} rolls so far; roll {need - len(faces)} more and type their faces."
    return faces


def show_words(screen: Screen, mnemonic: Mnemonic) -> None:
    """Show the words, have two of them read back, and clear the screen.

    Raises:
        DeclinedError: Another word was read back.
    """
    screen.say(
        "Write these words on paper. They are shown once and stored only encrypted.", "heading"
    )
    screen.tell("")
    words = mnemonic.words
    for line in _in_columns(words, shutil.get_terminal_size().columns):
        screen.tell(line)
    screen.tell("")
    for at in (len(words) // 3, len(words) - 1):
        _read_back(screen, at + 1, words[at])
    screen.control("\x1b[2J\x1b[3J\x1b[H")


def _in_columns(words: tuple[str, ...], width: int) -> list[str]:
    """The numbered words, down the columns that fit, so that no line is folded and none stands out of its order."""
    columns = max(1, min(_MOST_COLUMNS, (width + _GAP) // (_CELL + _GAP)))
    rows = -(-len(words) // columns)
    cells = [f"{at:2}. {word:<{_CELL - 4}}" for at, word in enumerate(words, 1)]
    return [(" " * _GAP).join(cells[row::rows]).rstrip() for row in range(rows)]


def _read_back(screen: Screen, number: int, word: str) -> None:
    """Have a word read from the paper; it may be mistyped twice, an empty line stops."""
    for tries in range(_TRIES, 0, -1):
        typed = screen.ask(f"Read back word {number}:")
        if typed.lower() == word:
            return
        if not typed:
            break
        if tries > 1:
            screen.tell(f"word {number} is another one; look at the paper again", "confirm")
    raise DeclinedError(
        f"word {number} is another one", hint="nothing was stored; start again", code="words"
    )
