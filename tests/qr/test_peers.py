"""Round trips against independent implementations: ``@ngraveio/bc-ur`` and ``bbqr`` from npm."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import split
from tests.qr.pictures import stream

PEERS = Path(__file__).resolve().parent / "peers"
MODULES = PEERS / "node_modules"
HOW = "run: npm ci --ignore-scripts --prefix tests/qr/peers"
PSBT = frozenset({PayloadKind.PSBT})


# One process answers all questions: to start one takes ten times as long as an answer.
SERVER = """
const { UR, UREncoder, URDecoder } = require('@ngraveio/bc-ur');
const { cborEncode } = require('@ngraveio/bc-ur/dist/cbor');
import('bbqr').then(({ joinQRs, splitQRs }) => {
  const bytes = hex => Buffer.from(hex, 'hex');
  const answers = {
    readUr: parts => {
      const decoder = new URDecoder();
      let looks = 0;
      for (const part of parts) { looks++; decoder.receivePart(part); if (decoder.isComplete()) break; }
      const ur = decoder.resultUR();
      return { type: ur.type, hex: ur.decodeCBOR().toString('hex'), looks };
    },
    writeUr: ({ hex, length, first, count }) => {
      const encoder = new UREncoder(new UR(cborEncode(bytes(hex)), 'crypto-psbt'), length, first);
      return Array.from({ length: count }, () => encoder.nextPart());
    },
    readBbqr: parts => {
      const joined = joinQRs(parts);
      return { type: joined.fileType, hex: Buffer.from(joined.raw).toString('hex') };
    },
    writeBbqr: ({ hex, encoding }) =>
      splitQRs(Uint8Array.from(bytes(hex)), 'P', { encoding, maxVersion: 13 }).parts,
  };
  require('readline').createInterface({ input: process.stdin }).on('line', line => {
    const [question, given] = JSON.parse(line);
    console.log(JSON.stringify(answers[question](given)));
  });
});
"""


@pytest.fixture(scope="module")
def ask():
    """Puts a question to the peers."""
    path = shutil.which("node")
    if path is None or not (MODULES / "bbqr").is_dir() or not (MODULES / "@ngraveio").is_dir():
        pytest.skip(f"no independent peers here; {HOW}")
    command = [path, "-e", SERVER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=PEERS) as peers:

        def ask(question, given):
            peers.stdin.write(json.dumps([question, given]) + "\n")
            peers.stdin.flush()
            return json.loads(peers.stdout.readline())

        yield ask


def psbt(size):
    return b"psbt\xff" + random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [10, 600, 5000, pytest.param(40000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_bc_ur_reads_ours(size, lost, ask):
    frames = split(psbt(size), kind=PayloadKind.PSBT, dialect=Dialect.UR, density=13)
    rng = random.Random(size)
    coming = stream(frames)
    shown = [
        f.lower()
        for f in (next(coming) for _ in range(8 * frames.need + 20))
        if rng.random() >= lost
    ]
    read = ask("readUr", shown)
    assert read["type"] == "crypto-psbt"
    assert bytes.fromhex(read["hex"]) == psbt(size)
    assert lost or read["looks"] == frames.need


@pytest.mark.parametrize("size", [10, 600, 5000])
@pytest.mark.parametrize("first", [0, 57])
def test_we_read_bc_ur(size, first, ask):
    count = 20 + size // 40
    given = {"hex": psbt(size).hex(), "length": 100, "first": first, "count": count}
    parts = ask("writeUr", given)
    joiner = Joiner(PSBT)
    for part in parts:
        if joiner.feed(part).done:
            break
    assert joiner.require().data == psbt(size)


@pytest.mark.parametrize("encoding", list("H2Z"))
@pytest.mark.parametrize("size", [10, 600, 9000])
def test_bbqr_both_ways(encoding, size, ask):
    data = b"psbt\xff" + (bytes(size // 2) + psbt(size // 2))
    frames = split(
        data, kind=PayloadKind.PSBT, dialect=Dialect.BBQR, detail=encoding + "P", density=13
    )
    read = ask("readBbqr", frames.frames)
    assert (read["type"], bytes.fromhex(read["hex"])) == ("P", data)
    joiner = Joiner(PSBT)
    for part in ask("writeBbqr", {"hex": data.hex(), "encoding": encoding}):
        joiner.feed(part)
    payload = joiner.require()
    assert payload.data == data
    assert payload.detail[0] in {encoding, "2"}
