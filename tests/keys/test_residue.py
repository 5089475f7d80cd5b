"""What is left of the secrets in a process after the keyring closed: its own memory is searched.

The process that searches must not hold the secrets, so they are computed in another process and
kept masked. What this cannot show is that no copy was swapped out, or left where CPython gave
memory back to the system.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

if not Path("/proc/self/mem").exists():
    pytest.skip("no /proc/self/mem here", allow_module_level=True)

WORK = """
import hashlib, json, sys
from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.primitives import secp
from coldsign.primitives.keypath import KeyOrigin, parse_path

MASK = bytes(value ^ 0xA5 for value in range(256))
ACCOUNT = parse_path("m/48h/0h/0h/2h")

def work(masked=None):
    entropy = bytearray(place * 73 + 41 & 0xFF for place in range(32))
    mnemonic = Mnemonic.from_entropy(entropy)
    entropy[:] = bytes(32)
    with Keyring.from_mnemonic(mnemonic, "canary") as keyring:
        key = keyring.claim(KeyOrigin(keyring.fingerprint, ACCOUNT), keyring.xpub(ACCOUNT))
        for index in range(20):
            digest = hashlib.sha256(bytes([index])).digest()
            secp.sign_ecdsa(key.secret((0, index)), digest)
            secp.sign_schnorr(key.secret((1, index)), digest)
        if masked is not None:
            with mnemonic.seed("canary") as seed:
                secrets = {"seed": seed.reveal()[:32], "entropy": mnemonic.entropy}
            secrets |= {"master": keyring._root.secret, "account": key._root.secret}
            secrets |= {f"leaf {tail}": key.secret(tail) for tail in [(0, 0), (0, 19), (1, 7)]}
            secrets["branch"] = key._branches[(0,)].secret
            masked |= {name: secret.translate(MASK).hex() for name, secret in secrets.items()}
    mnemonic.wipe()
"""
TELL = "masked = {}\nwork(masked)\nprint(json.dumps(masked))\n"
SEARCH = """
masked = {name: bytes.fromhex(text) for name, text in json.loads(sys.argv[1]).items()}
kept = []
if len(sys.argv) > 2:
    kept.append(masked[sys.argv[2]].translate(MASK))
work()
found = {}
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        span, rights = line.split()[:2]
        start, end = (int(text, 16) for text in span.split("-"))
        if rights.startswith("rw"):
            try:
                memory.seek(start)
                content = memory.read(end - start).translate(MASK)
            except OSError:
                continue
            for name, secret in masked.items():
                found[name] = found.get(name, 0) + content.count(secret)
print(json.dumps(found))
"""


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", WORK + script, *arguments],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def masked():
    return run(TELL)


def test_no_secret_is_left_after_the_keyring_closed(masked):
    assert len(masked) == 8
    assert run(SEARCH, json.dumps(masked)) == dict.fromkeys(masked, 0)


def test_the_search_finds_a_secret_that_was_kept(masked):
    found = run(SEARCH, json.dumps(masked), "account")
    assert found["account"] >= 1
    assert found["seed"] == 0
