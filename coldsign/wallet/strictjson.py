"""JSON that cannot be read in two ways: no field twice, no NaN, no bottomless nesting."""

import json
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.text import printable

MAX_NESTING: Final = 64
"""Brackets within brackets; no wallet file has more than six, and the parser recurses."""


def parse_object(text: str, what: str) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        text: The whole document.
        what: For messages, such as ``"Caravan file"``.

    Raises:
        MalformedError: It is not JSON, not an object, too deep, or has a field twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise MalformedError(f"{what}: the field {printable(name)} stands in it twice")
            found[name] = value
        return found

    def refused(constant: str) -> None:
        raise MalformedError(f"{what}: {constant} is no JSON value")

    _demand_shallow(text, what)
    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=refused)
    except ValueError as error:  # also an integer of too many digits
        raise MalformedError(f"{what}: not JSON: {printable(str(error), 80)}") from None
    if not isinstance(value, dict):
        raise MalformedError(f"{what}: a JSON object is due")
    return value


def _demand_shallow(text: str, what: str) -> None:
    depth = 0
    for char in text:
        if char in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise MalformedError(f"{what}: nested more than {MAX_NESTING} deep")
        elif char in "]}":
            depth -= 1


def text_field(fields: dict[str, Any], name: str, what: str) -> str:
    """A field that must be there and be text.

    Raises:
        MalformedError: It is missing or something else.
    """
    value = fields.get(name)
    if not isinstance(value, str):
        raise MalformedError(f"{what}: the field {name} is missing or not text")
    return value


def integer_field(fields: dict[str, Any], name: str, what: str) -> int:
    """A field that must be there and be a whole number.

    Raises:
        MalformedError: It is missing or something else.
    """
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(f"{what}: the field {name} is missing or not a whole number")
    return value


def list_field(fields: dict[str, Any], name: str, what: str) -> list[Any]:
    """A field that must be there and be a list.

    Raises:
        MalformedError: It is missing or something else.
    """
    value = fields.get(name)
    if not isinstance(value, list):
        raise MalformedError(f"{what}: the field {name} is missing or not a list")
    return value


def object_of(value: object, what: str) -> dict[str, Any]:
    """A value that must be an object.

    Raises:
        MalformedError: It is something else.
    """
    if not isinstance(value, dict):
        raise MalformedError(f"{what}: an object is due")
    return value
