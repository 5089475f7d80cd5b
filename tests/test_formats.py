"""What docs/formats.md promises, recomputed from the page alone."""

import hashlib
import json
import re
import struct
from pathlib import Path

from coldsign.controls.entry import EntryKind
from coldsign.controls.manifest import parse_manifest
from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.primitives.words import word_list
from coldsign.psbt.model import Psbt
from coldsign.review.code import review_code
from coldsign.review.facts import gather
from tests.ceremony.stage import REGTEST, fixture, make_desk

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "formats.md").read_text()


def test_the_review_code_of_the_example() -> None:
    found = fixture("wpkh-1x2")
    facts = gather(Psbt.parse(found.psbt), found.wallet)
    kinds = {"payment": 1, "change": 2, "self": 3, "data": 4, "unknown": 5}
    encoded = b"".join(
        (
            var_bytes(b"coldsign review code 1"),
            var_bytes(b"regtest"),
            var_bytes(found.raw["descriptor"].encode()),
            var_bytes(facts.tx.serialize()),
            compact_size(len(found.raw["inputs"])),
            *(struct.pack("<Bq", 1, spent["sats"]) for spent in found.raw["inputs"]),
            compact_size(len(facts.outputs)),
            bytes(kinds[output.kind.value] for output in facts.outputs),
            var_bytes(b""),
        )
    )
    digest = hashlib.sha256(encoded)
    number = int.from_bytes(digest.digest()) >> (256 - 66)
    words = [word_list()[number >> (11 * place) & 2047] for place in reversed(range(6))]
    assert tuple(words) == review_code(facts, None)
    assert f"`{' '.join(words)}`" in PAGE
    assert f"gives {len(encoded)} bytes" in PAGE
    assert digest.hexdigest() in PAGE


def test_a_journal_line_carries_the_hash_the_page_says(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.journal.append(EntryKind.AUDITED, {"b": 1, "a": "x"}, now=desk.now())
    desk.journal.append(EntryKind.AUDITED, {}, now=desk.now())
    prev = "0" * 64
    for line in (tmp_path / "journal.jsonl").read_text().splitlines():
        content = re.sub(r',"hash":"[0-9a-f]{64}"\}$', "}", line)
        fields = json.loads(line)
        assert fields["prev"] == prev
        prev = hashlib.sha256(content.encode()).hexdigest()
        assert fields["hash"] == prev


def test_the_manifests_digest_is_what_the_page_says() -> None:
    address = "bcrt1qgkvazksh7cy0sztxzfez22u0ch45g6vkld5czj"
    rows = [("b", address, 2), ("a", address, 1)]
    table = "id,address,sats\n" + "".join(f"{i},{a},{s}\n" for i, a, s in rows)
    listed = json.dumps([{"id": i, "address": a, "sats": s} for i, a, s in rows])
    text = "coldsign manifest 1\nregtest\n" + "".join(sorted(f"{i},{a},{s}\n" for i, a, s in rows))
    due = hashlib.sha256(text.encode()).digest()
    assert parse_manifest(table.encode(), REGTEST).digest == due
    assert parse_manifest(listed.encode(), REGTEST).digest == due
