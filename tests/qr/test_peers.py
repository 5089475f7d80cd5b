"""Round trips against independent implementations: ``@ngraveio/bc-ur`` and ``bbqr`` from npm."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, Kind
from coldsign.qr.splitter import split

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ROOT / ".node" / "node_modules"
HOW = "run: npm install --prefix .node @ngraveio/bc-ur bbqr"
PSBT = frozenset({Kind.PSBT})


def node(program, given):
    """What a program says, as JSON, about what it is given."""
    path = shutil.which("node")
    if path is None or not (MODULES / "bbqr").is_dir() or not (MODULES / "@ngraveio").is_dir():
        pytest.skip(f"no independent peers here; {HOW}")
    head = "const given = JSON.parse(require('fs').readFileSync(0)); const say = x => console.log(JSON.stringify(x));"
    done = subprocess.run(
        [path, "-e", head + program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / ".node",
    )
    return json.loads(done.stdout)


def psbt(size):
    return b"psbt\xff" + random.Random(size).randbytes(size)


READ_UR = """
const { URDecoder } = require('@ngraveio/bc-ur');
const decoder = new URDecoder();
let looks = 0;
for (const part of given) { looks++; decoder.receivePart(part); if (decoder.isComplete()) break; }
const ur = decoder.resultUR();
say({ type: ur.type, hex: ur.decodeCBOR().toString('hex'), looks });
"""
WRITE_UR = """
const { UR, UREncoder } = require('@ngraveio/bc-ur');
const ur = new UR(require('@ngraveio/bc-ur/dist/cbor').cborEncode(Buffer.from(given.hex, 'hex')), 'crypto-psbt');
const encoder = new UREncoder(ur, given.length, given.first);
say(Array.from({ length: given.count }, () => encoder.nextPart()));
"""


@pytest.mark.parametrize("size", [10, 600, 5000, pytest.param(40000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_bc_ur_reads_ours(size, lost):
    frames = split(psbt(size), kind=Kind.PSBT, dialect=Dialect.UR, density=13)
    rng = random.Random(size)
    stream = frames.stream()
    shown = [
        f.lower()
        for f in (next(stream) for _ in range(8 * frames.need + 20))
        if rng.random() >= lost
    ]
    read = node(READ_UR, shown)
    assert read["type"] == "crypto-psbt"
    assert bytes.fromhex(read["hex"]) == psbt(size)
    assert lost or read["looks"] == frames.need


@pytest.mark.parametrize("size", [10, 600, 5000])
@pytest.mark.parametrize("first", [0, 57])
def test_we_read_bc_ur(size, first):
    parts = node(WRITE_UR, {"hex": psbt(size).hex(), "length": 100, "first": first, "count": 400})
    joiner = Joiner(PSBT)
    for part in parts:
        if joiner.feed(part).done:
            break
    assert joiner.require().data == psbt(size)


READ_BBQR = """
import('bbqr').then(({ joinQRs }) => {
  const joined = joinQRs(given);
  say({ type: joined.fileType, encoding: joined.encoding, hex: Buffer.from(joined.raw).toString('hex') });
});
"""
WRITE_BBQR = """
import('bbqr').then(({ splitQRs }) => {
  const raw = Uint8Array.from(Buffer.from(given.hex, 'hex'));
  say(splitQRs(raw, 'P', { encoding: given.encoding, maxVersion: 13 }).parts);
});
"""


@pytest.mark.parametrize("encoding", list("H2Z"))
@pytest.mark.parametrize("size", [10, 600, 9000])
def test_bbqr_both_ways(encoding, size):
    data = b"psbt\xff" + (bytes(size // 2) + psbt(size // 2))
    frames = split(data, kind=Kind.PSBT, dialect=Dialect.BBQR, detail=encoding + "P", density=13)
    read = node(READ_BBQR, list(frames.frames))
    assert (read["type"], bytes.fromhex(read["hex"])) == ("P", data)
    joiner = Joiner(PSBT)
    for part in node(WRITE_BBQR, {"hex": data.hex(), "encoding": encoding}):
        joiner.feed(part)
    payload = joiner.require()
    assert payload.data == data
    assert payload.detail[0] in {encoding, "2"}
