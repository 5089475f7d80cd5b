"""No row of the catalogue is without a test that holds it, and every test that is named is there."""

import ast
from functools import cache
from pathlib import Path

from tests.attacks import recipes_container, recipes_inputs, recipes_outputs, recipes_tx
from tests.attacks.catalogue import COUNTS, HELD
from tests.attacks.rows import ROWS
from tests.attacks.vault import BY_ID

TESTS = Path(__file__).resolve().parent.parent
MODULES = (recipes_container, recipes_tx, recipes_inputs, recipes_outputs)
"""Importing them enters their rows."""


def numbered() -> set[str]:
    """Every row's number."""
    names = {group: [f"{n:02}" for n in range(1, count + 1)] for group, count in COUNTS.items()}
    names["Q"] = [chr(ord("A") + n) for n in range(COUNTS["Q"])]
    return {f"{group}-{name}" for group, found in names.items() for name in found}


@cache
def functions(file: str) -> frozenset[str]:
    """The functions of a file, those of its classes too."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_row_is_held():
    assert len(numbered()) == 387
    run = set(BY_ID) | {row.id for row in ROWS}
    assert run <= numbered()
    assert run | set(HELD) == numbered()
    assert not run & set(HELD)


def test_what_holds_a_row_is_there():
    absent = {
        number: where for number, where in HELD.items() if where[1] not in functions(where[0])
    }
    assert not absent
