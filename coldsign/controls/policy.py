"""The policy: a TOML file a person writes, read strictly. Every key is optional, none is guessed.

An unknown key is an error, and so is a value of another type (a boolean is no integer, text no
number) or out of its range; the error names the key as ``fee.refuse_percent``.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from coldsign.controls.destinations import Destinations
from coldsign.controls.gpg import fingerprint
from coldsign.errors import ColdsignError, MalformedError
from coldsign.primitives.amount import MAX_MONEY
from coldsign.primitives.hashes import sha256
from coldsign.primitives.locks import LOCKTIME_THRESHOLD
from coldsign.primitives.network import Network
from coldsign.primitives.text import other_form, printable
from coldsign.review.context import Coverage, Limits

POLICY_CAP: Final = 16 << 20
"""Bytes: the most destinations (:data:`MOST_ENTRIES`), as long descriptors, and room."""
MOST_ENTRIES: Final = 10_000
"""Entries of a list: an exchange's whole list of withdrawal addresses that were checked."""
_MOST_REVIEWERS: Final = 100  # people; a list of thousands names nobody
_LIST: Final = "a list of texts"
_TOP_PERCENT: Final = 1_000_000  # of what is paid, which in a consolidation is next to nothing
_TOP_RATE: Final = 10_000_000  # sat/vB: 21 million coins for a transaction of 200 vbytes, almost


@dataclass(frozen=True, slots=True)
class Require:
    """What must be there before anything is signed.

    Attributes:
        manifest: A manifest.
        approvals: How many distinct reviewers must have approved.
        reviewers: Their primary fingerprints.
        manifest_signers: Who may sign a manifest; if any are named, one of them must.
        keyholders: Fingerprints of the people who hold the signing key: their own approvals do
            not count.
        offline: That this machine is on no network and has no swap when the key is used.
    """

    manifest: bool = False
    approvals: int = 0
    reviewers: tuple[str, ...] = ()
    manifest_signers: tuple[str, ...] = ()
    keyholders: tuple[str, ...] = ()
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, understood.

    Attributes:
        limits: The numbers and permissions that the review's checks use.
        require: What a clearance needs beside the report.
        destinations: Addresses and descriptors that money may go to; empty means anywhere.
        coverage: Whether a transaction may pay a part of its manifest.
        digest: SHA-256 over the canonical content; comments and order do not change it.
    """

    limits: Limits
    require: Require
    destinations: tuple[str, ...]
    coverage: Coverage
    digest: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Read a policy file.

        Raises:
            MalformedError: It is not TOML, or a key is unknown, of the wrong type or out of range.
        """
        document = _document(data)
        values = {key: _default(key) for key in _KEYS}
        for key, value in _flat(document):
            if key not in _KEYS:
                raise MalformedError(
                    f"policy: {printable(key)} is not a key of a policy",
                    hint="the manual lists the keys: fee, limits, allow, require",
                )
            values[key] = _KEYS[key](key, value)
        return cls._made(values)

    @classmethod
    def empty(cls) -> "Policy":
        """The policy of an empty file."""
        return cls.parse(b"")

    @classmethod
    def _made(cls, values: dict[str, Any]) -> "Policy":
        limits = Limits(**{key.split(".")[1]: values[key] for key in _LIMITS})
        require = Require(**{key.split(".")[1]: values[key] for key in _REQUIRE})
        _demand_enough(require)
        part = values["allow.partial_manifest"]
        return cls(
            limits=limits,
            require=require,
            destinations=values["allow.destinations"],
            coverage=Coverage.PART if part else Coverage.WHOLE,
            digest=sha256("".join(f"{key}={values[key]!r}\n" for key in sorted(_KEYS)).encode()),
        )

    def places(self, network: Network) -> Destinations | None:
        """The places money may go to on a network; ``None`` for anywhere.

        Raises:
            MalformedError: A destination is neither an address nor a descriptor of this network.
        """
        if not self.destinations:
            return None
        return Destinations.parse(self.destinations, network, gap=self.limits.gap)

    def settings(self) -> dict[str, object]:
        """Every key with its value, as a policy file would have them."""
        limits = {key: getattr(self.limits, key.split(".")[1]) for key in _LIMITS}
        require = {key: getattr(self.require, key.split(".")[1]) for key in _REQUIRE}
        return {
            **limits,
            "allow.destinations": self.destinations,
            "allow.partial_manifest": self.coverage is Coverage.PART,
            **require,
        }


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > POLICY_CAP:
        raise MalformedError(f"policy: larger than {POLICY_CAP} bytes")
    hint = "save it as plain text in UTF-8"
    if form := other_form(data):
        raise MalformedError(f"policy: it is {form}", hint=hint)
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MalformedError("policy: not UTF-8 text", hint=hint) from None
    except tomllib.TOMLDecodeError as error:
        raise MalformedError(f"policy: not TOML: {printable(str(error).lower(), 160)}") from None
    except (RecursionError, ValueError):
        raise MalformedError("policy: not TOML that can be read") from None


def _demand_enough(require: Require) -> None:
    """Let only a policy pass that can be satisfied.

    Raises:
        MalformedError: There are fewer reviewers than approvals that are asked for.
    """
    able = len(set(require.reviewers) - set(require.keyholders))
    if able < require.approvals:
        raise MalformedError(
            f"policy: require.approvals asks for {require.approvals}, and {able} can be given",
            hint="require.reviewers lists who can give one; a keyholder's own never counts",
        )


def _flat(document: dict[str, Any]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, table in document.items():
        if not isinstance(table, dict):
            raise MalformedError(f"policy: {printable(name)} stands outside of a table")
        if name not in _TABLES:
            raise MalformedError(
                f"policy: [{printable(name)}] is not a table of a policy",
                hint="the tables are fee, limits, allow and require",
            )
        found += [(f"{name}.{key}", value) for key, value in table.items()]
    return found


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(key: str, value: object) -> int:
        if type(value) is not int:
            raise _wrong(key, "a whole number", value)
        if not low <= value <= high:
            raise MalformedError(f"policy: {key} must be from {low} to {high}")
        return value

    return read


def _number(low: float, high: float) -> Callable[[str, object], float]:
    def read(key: str, value: object) -> float:
        if type(value) not in {int, float} or not isinstance(value, int | float):
            raise _wrong(key, "a number", value)
        if not low <= value <= high:  # also refuses nan
            raise MalformedError(f"policy: {key} must be from {low:g} to {high:g}")
        return float(value)

    return read


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, "true or false", value)
    return value


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise _wrong(key, _LIST, value)
    if len(value) > MOST_ENTRIES:
        raise MalformedError(f"policy: {key} has more than {MOST_ENTRIES} entries")
    texts = tuple(map(str, value))
    if len(set(texts)) != len(texts):
        raise MalformedError(f"policy: {key} names something twice")
    return texts


def _fingerprints(key: str, value: object) -> tuple[str, ...]:
    texts = _texts(key, value)
    try:
        found = tuple([fingerprint(text) for text in texts])
    except MalformedError as error:
        raise MalformedError(f"policy: {key}: {error.message}", hint=error.hint) from None
    if len(set(found)) != len(found):
        raise MalformedError(f"policy: {key} names a key twice")
    if len(found) > _MOST_REVIEWERS:
        raise MalformedError(f"policy: {key} names more than {_MOST_REVIEWERS} keys")
    return found


def _wrong(key: str, due: str, value: object) -> ColdsignError:
    kind = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    seen = kind.get(type(value), "something else")
    hint = ""
    if due == _LIST:
        hint = 'each text in quotes, all of them in brackets: ["one", "two"]'
    elif isinstance(value, str):
        hint = "numbers, true and false have no unit and no quotes"
    return MalformedError(f"policy: {key} must be {due}, not {seen}", hint=hint)


_SATS: Final = _whole(0, MAX_MONEY)
_RATE: Final = _number(0, _TOP_RATE)
_PERCENT: Final = _number(0, _TOP_PERCENT)
_INDEX: Final = _whole(0, (1 << 31) - 1)
_HEIGHT: Final = _whole(0, LOCKTIME_THRESHOLD - 1)
_LIMITS: Final[dict[str, Callable[[str, object], Any]]] = {
    "fee.refuse_sat_per_vb": _RATE,
    "fee.confirm_sat_per_vb": _RATE,
    "fee.refuse_sats": _SATS,
    "fee.refuse_percent": _PERCENT,
    "fee.confirm_percent": _PERCENT,
    "limits.per_transaction_sats": _SATS,
    "limits.per_day_sats": _SATS,
    "limits.max_outputs": _whole(1, 100_000),
    "limits.gap": _whole(0, 1_000_000),
    "limits.last_seen_receive": _INDEX,
    "limits.last_seen_change": _INDEX,
    "limits.max_path_depth": _whole(1, 255),
    "limits.height": _HEIGHT,
    "limits.locktime_window": _HEIGHT,
    "allow.op_return": _truth,
    "allow.foreign_inputs": _truth,
    "allow.unproven_v0_amounts": _truth,
}
_REQUIRE: Final[dict[str, Callable[[str, object], Any]]] = {
    "require.manifest": _truth,
    "require.approvals": _whole(0, _MOST_REVIEWERS),
    "require.reviewers": _fingerprints,
    "require.manifest_signers": _fingerprints,
    "require.keyholders": _fingerprints,
    "require.offline": _truth,
}
_KEYS: Final[dict[str, Callable[[str, object], Any]]] = {
    **_LIMITS,
    "allow.destinations": _texts,
    "allow.partial_manifest": _truth,
    **_REQUIRE,
}
_TABLES: Final = frozenset(key.split(".")[0] for key in _KEYS)


def _default(key: str) -> object:
    name = key.split(".")[1]
    if key in _LIMITS:
        value = getattr(Limits(), name)
        return float(value) if _LIMITS[key] in {_RATE, _PERCENT} else value
    return getattr(Require(), name, False if name == "partial_manifest" else ())
