"""Requests made to exhaust a reader: refused in a second and 256 MB, in a process that has no more."""

import json
import subprocess
import sys
from pathlib import Path

from tests.attacks.box import In, Out, Tx, honest
from tests.attacks.recipes_container import length_bombs
from tests.attacks.vault import BY_ID, Vault
from tests.review.build import G

MEMORY = 256 << 20  # bytes of resident memory
SPACE = 640 << 20  # bytes of address space: the interpreter's and the libraries' mappings count too
ROOT = Path(__file__).resolve().parent.parent.parent

CHILD = """
import io, json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from coldsign.cli.app import run
from coldsign.cli.screen import Screen
home, results = sys.argv[2], {}
for words in (["inspect", sys.argv[3], "--wallet", "W-wsh"], *json.loads(sys.argv[4])):
    out, err = io.StringIO(), io.StringIO()
    began = time.process_time()
    code = run(["--home", home, *words], screen=Screen(stdout=out, stderr=err))
    results[words[1]] = [code, time.process_time() - began, err.getvalue()[:300]]
# Not getrusage: its peak is handed down from the process that started this one.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = int(status["VmHWM"].split()[0]) * 1024
print(json.dumps({"results": results, "peak": peak}))
"""


def catalogue() -> dict[str, tuple[str, bytes]]:
    import base64

    wanted = ["F-17", "F-18", "T-27", "V-05", "T-06"]
    found = {
        name: (BY_ID[name]["wallet"], base64.b64decode(BY_ID[name]["psbt"])) for name in wanted
    }
    assert len(found) == len(wanted)
    return found


def m10() -> bytes:
    """4,294,967,295 leaf hashes announced."""
    box = honest("W-trmulti")
    pair = next(pair for pair in box.ins[0] if pair[0][0] == 0x16)
    pair[1] = b"\xfe\xff\xff\xff\xff" + pair[1]
    return box.raw()


def v05(which: int) -> bytes:
    box = honest(version=2)
    counts = [b"\x02", b"\x03"]
    counts[which] = b"\xff\x00\x00\x00\x00\x01\x00\x00\x00"
    box.counts = (counts[0], counts[1])
    return box.raw()


def f35() -> bytes:
    box = honest()
    box.glob.append([b"\xf0pad", bytes(8 << 20)])
    return box.raw()


def many_pairs() -> bytes:
    box = honest()
    box.glob += [[b"\xf0" + number.to_bytes(4, "big"), b""] for number in range(500_000)]
    return box.raw()


def many_keys() -> bytes:
    box = honest()
    keys = [[b"\x06\x02" + (number + 1).to_bytes(32, "big"), bytes(4)] for number in range(60_000)]
    box.ins[0] += keys
    return box.raw()


def i31() -> bytes:
    box = honest()
    parent = box.parent(0)
    parent.outs += [Out(1_000, b"\x00\x14" + bytes(20))] * 30_000
    box.set_parent(0, parent)
    return box.raw()


def many_empty_outputs() -> bytes:
    """The most outputs a previous transaction below its cap can have, on every input."""
    box = honest()
    for number in range(2):
        parent = box.parent(number)
        parent.outs += [Out(0, b"")] * 44_000
        parent.locktime = number
        box.set_parent(number, parent)
    return box.raw()


def m21() -> bytes:
    box = honest("W-sh")
    script = b"\x52" + (b"\x21" + G) * 16 + b"\x60\xae"
    for pair in box.ins[0]:
        if pair[0] == b"\x04":
            pair[1] = script
    return box.raw()


def long_script() -> bytes:
    box = honest()
    box.pay(1_000_000, b"\x4c\x00" * 1_000_000)
    return box.raw()


def many_hints() -> bytes:
    """Every claim names another place of ours: each would cost a derivation."""
    box = honest()
    fingerprint = box.ins[0][-1][1][:20]
    for pairs in (*box.ins, *box.outs):
        pairs[:] = [pair for pair in pairs if pair[0][0] not in {0x02, 0x06}]
    from tests.review.build import wallet

    keys = [wallet().derive(0, n).keys[0] for n in range(300)]
    for number, key in enumerate(keys):
        for kind, pairs in ((b"\x06", box.ins), (b"\x02", box.outs)):
            for part in pairs:
                tail = (5_000 + number).to_bytes(4, "little")
                part.append([kind + key, fingerprint + bytes(4) + tail])
    return box.raw()


def nothing_but_inputs() -> bytes:
    box = honest()
    coin = In(b"\x42" * 32, 0, 0xFFFF_FFFF)
    tx = Tx(2, [coin] * 90_000, box.tx.outs, 0)
    box.unsigned = tx.serialize()
    return box.raw()


def bombs() -> dict[str, tuple[str, bytes]]:
    made = {
        "M-10": ("W-trmulti", m10()),
        "V-05-in": ("W-wsh", v05(0)),
        "V-05-out": ("W-wsh", v05(1)),
        "F-35": ("W-wsh", f35()),
        "F-35-pairs": ("W-wsh", many_pairs()),
        "F-35-keys": ("W-wsh", many_keys()),
        "I-31": ("W-wsh", i31()),
        "I-31-most": ("W-wsh", many_empty_outputs()),
        "M-21": ("W-sh", m21()),
        "O-08-long": ("W-wsh", long_script()),
        "C-hints": ("W-wsh", many_hints()),
        "T-inputs": ("W-wsh", nothing_but_inputs()),
    }
    for number, raw in enumerate(length_bombs(honest())):
        if not number % 120:
            made[f"F-16-{number}"] = ("W-wsh", raw)
    return made | catalogue()


def test_bombs_are_refused_within_a_second_and_256_megabytes(vault: Vault):
    words = []
    for name, (wallet, raw) in bombs().items():
        words.append(["inspect", vault.write(f"{name}.psbt", raw), "--wallet", wallet])
    good = vault.write("good.psbt", honest().raw())
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(SPACE), str(vault.home), good, json.dumps(words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1_000:]
    found = json.loads(done.stdout)
    results = {Path(name).stem: result for name, result in found["results"].items()}
    assert results.pop("good")[0] == 0
    # as large as a previous transaction may be, and still honest
    assert results.pop("I-31-most")[0] == 0
    wrong = {name: result for name, result in results.items() if result[0] not in {3, 4}}
    assert not wrong
    slow = {name: result[1] for name, result in results.items() if result[1] > 1.0}
    assert not slow
    assert found["peak"] < MEMORY


def test_the_limit_is_one():
    """The child's limit does bite, so passing under it means something."""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({SPACE},) * 2); bytearray({SPACE})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, timeout=60
    )
    assert b"MemoryError" in done.stderr
