"""Random script expressions, most of them ill-typed or insane, to compare verdicts with another codebase."""

import random

from tests.wallet.samples import key

KEYS = [key(number, "0/*") for number in range(40)]
OLDER = (1, 9, 144, 65535, 4194305, 4194999)
AFTER = (1, 900_000, 499_999_999, 500_000_000, 1_700_000_000)
HASHES = {"sha256": 32, "hash256": 32, "ripemd160": 20, "hash160": 20}


class Expressions:
    """Makes expressions that mostly respect the base types, so that deep ones are often valid."""

    def __init__(self, seed, *, taproot):
        self.random = random.Random(seed)
        self.taproot = taproot
        self.used = 0

    def key(self):
        self.used += 1
        return KEYS[self.used % len(KEYS)]

    def make(self, depth, base="B"):
        if self.random.random() < 0.06:
            base = self.random.choice("BVKW")
        return getattr(self, f"_{base.lower()}")(depth)

    def _all(self, name, depth, bases):
        return f"{name}({','.join(self.make(depth - 1, base) for base in bases)})"

    def _b(self, depth):  # noqa: PLR0911
        names = ["pk", "pkh", "older", "after", "hash", "multi", "0", "1"]
        if depth > 0:
            names = [*names[:6], *"cdjntlu", *COMBINATIONS["B"], "thresh"]
        name = self.random.choice(names)
        if name in {"pk", "pkh"}:
            return f"{name}({self.key()})"
        if name == "older":
            return f"older({self.random.choice(OLDER)})"
        if name == "after":
            return f"after({self.random.choice(AFTER)})"
        if name == "hash":
            function = self.random.choice(sorted(HASHES))
            return f"{function}({'ab' * HASHES[function]})"
        if name == "multi":
            keys = [self.key() for _ in range(self.random.randint(1, 4))]
            suffix = "_a" if self.taproot else ""
            return f"multi{suffix}({self.random.randint(1, len(keys))},{','.join(keys)})"
        if name == "thresh":
            bases = "B" + "W" * self.random.randint(0, 3)
            subs = [self.make(depth - 1, base) for base in bases]
            return f"thresh({self.random.randint(1, len(subs))},{','.join(subs)})"
        if name in {"0", "1"}:
            return name
        if name in COMBINATIONS["B"]:
            return self._all(name, depth, COMBINATIONS["B"][name])
        return wrap(name, self.make(depth - 1, {"c": "K", "d": "V", "t": "V"}.get(name, "B")))

    def _v(self, depth):
        if depth <= 0 or self.random.random() < 0.5:
            return wrap("v", self.make(depth - 1))
        name = self.random.choice(sorted(COMBINATIONS["V"]))
        return self._all(name, depth, COMBINATIONS["V"][name])

    def _k(self, depth):
        if depth <= 0 or self.random.random() < 0.5:
            return f"{self.random.choice(('pk_k', 'pk_h'))}({self.key()})"
        name = self.random.choice(sorted(COMBINATIONS["K"]))
        return self._all(name, depth, COMBINATIONS["K"][name])

    def _w(self, depth):
        return wrap(self.random.choice("as"), self.make(depth - 1))


COMBINATIONS = {
    "B": {
        "andor": "BBB",
        "and_n": "BB",
        "and_v": "VB",
        "and_b": "BW",
        "or_b": "BW",
        "or_d": "BB",
        "or_i": "BB",
    },
    "V": {"and_v": "VV", "or_c": "BV", "andor": "BVV", "or_i": "VV"},
    "K": {"and_v": "VK", "or_i": "KK", "andor": "BKK"},
}


def wrap(letter, text):
    word = text.split(":", 1)[0]
    return letter + text if ":" in text and word.isalpha() else f"{letter}:{text}"
