"""The address audit: every address is proven, and the first that is not is named."""

import contextlib
import io
import json
import os
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls import audit as module
from coldsign.controls import audit_rows
from coldsign.controls.audit import Effort, audit
from coldsign.controls.audit_prove import Chunk
from coldsign.controls.audit_rows import COLUMNS, parse_rows, read_blocks
from coldsign.controls.audit_tally import AuditTally
from coldsign.errors import MalformedError, UnfitError
from coldsign.primitives.address import to_address
from coldsign.primitives.network import MAINNET, REGTEST
from tests.controls.common import wallet

FOREIGN = to_address(b"\x00\x20" + bytes(range(32)), REGTEST)


def stream(text):
    return io.BytesIO(text if isinstance(text, bytes) else text.encode())


def batches(text, *, of=None, workers=1, window=50):
    effort = Effort(workers, window, with_lines=True)
    return list(audit(of or wallet(), stream(text), effort))


class Row(SimpleNamespace):
    """A verdict as the filter gives it out."""


def judged(text, **how):
    found = batches(text, **how)
    lines = b"".join(batch.lines for batch in found).splitlines()
    rows = [Row(**json.loads(line)) for line in lines]
    assert sum(batch.proven for batch in found) == sum(row.ours for row in rows)
    addresses = b"".join(batch.addresses for batch in found).decode().split()
    assert addresses == [row.address for row in rows if row.ours]
    return rows


class TestIndexed:
    @pytest.mark.parametrize(
        ("text", "places"),
        [
            ("{a0},0\n{a7},7\n", [(0, 0), (0, 7)]),
            ("{a0},0\r\n{c3},3,1\r\n", [(0, 0), (1, 3)]),
            ("{a7},7\n{a0},0", [(0, 7), (0, 0)]),
            ("address,index\n{a7},7", [(0, 7)]),
            ("branch,address,index\n1,{c3},3\n", [(1, 3)]),
            ("\ufeffaddress,index\n{a7},7", [(0, 7)]),
            ("\ufeff{a7},7", [(0, 7)]),
            ('\ufeff{{"address": "{a7}", "index": 7}}', [(0, 7)]),
            ("address,index\r\n{a7},7\r\n", [(0, 7)]),
            ('"address","index"\r\n"{a7}","7"\r\n', [(0, 7)]),
            ('"{a7}"', [(0, 7)]),
            (
                '{{"address": "{a7}", "index": 7}}\n{{"address": "{c3}", "index": 3, "branch": 1}}',
                [(0, 7), (1, 3)],
            ),
            ("{A7},7\n", [(0, 7)]),
        ],
    )
    def test_proven(self, text, places):
        of = wallet()
        names = {"a0": of.address(0, 0), "a7": of.address(0, 7), "c3": of.address(1, 3)}
        found = judged(text.format(**names, A7=names["a7"].upper()))
        assert [(one.branch, one.index) for one in found] == places
        assert all(one.ours for one in found)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{f},0", "not the wallet's address 0/0"),
            ("{a7},8", "not the wallet's address 0/8"),
            ("{c3},3", "not the wallet's address 0/3"),
            ("{a7},7,2", "has no address 2/7"),
            ("{a7},2147483648", "has no address 0/2147483648"),
        ],
    )
    def test_the_first_foreign_one_ends_it(self, text, words):
        of = wallet()
        names = {"a7": of.address(0, 7), "c3": of.address(1, 3), "f": FOREIGN}
        *before, last = judged(f"{of.address(0, 1)},1\n{text.format(**names)}\n{FOREIGN},9\n")
        assert [one.index for one in before] == [1]
        assert not last.ours
        assert last.line == 2
        assert words in last.reason

    def test_a_wallet_of_one_address(self):
        of = wallet("sh-multi-3of4-uncompressed-3x5")
        if of.descriptor.ranged:
            pytest.skip("the fixture has many addresses")
        assert judged(f"{of.address(0, 0)},0", of=of)[0].ours
        assert judged(of.address(0, 0), of=of)[0].ours
        assert not judged(f"{of.address(0, 0)},1", of=of)[0].ours


class TestSearched:
    def test_found_on_both_branches(self, monkeypatch):
        monkeypatch.setattr(module, "_SCAN_STEP", 7)
        of = wallet()
        text = f"{of.address(1, 40)}\n{of.address(0, 0)}\n{of.address(0, 49)}\n"
        assert [(one.branch, one.index) for one in judged(text)] == [(1, 40), (0, 0), (0, 49)]

    def test_beyond_the_window(self):
        of = wallet()
        (last,) = judged(of.address(0, 50))
        assert last.reason == "not among the first 50 addresses of the wallet's branches"

    def test_mixed_with_indexed_ones(self):
        of = wallet()
        text = f'{{"address": "{of.address(0, 3)}"}}\n{of.address(0, 4)},4\n'
        assert [one.index for one in judged(text)] == [3, 4]


class TestManyCores:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(audit_rows, "_READ", 1000)
        monkeypatch.setattr(module, "_MANY", 900)
        monkeypatch.setattr(module, "_SCAN_STEP", 40)

    def test_the_same_in_the_same_order(self):
        of = wallet()
        rows = [f"{of.address(0, n)}{f',{n}' if n % 3 else ''}" for n in range(150)]
        text = "\n".join([*rows, FOREIGN])
        alone = judged(text, window=200)
        assert judged(text, workers=2, window=200) == alone
        assert not alone[-1].ours
        assert len(alone) == 151

    def test_a_long_list_with_nothing_foreign(self):
        of = wallet()
        text = "\n".join(f"{of.address(0, n)},{n}" for n in range(60))
        assert len(judged(text, workers=2)) == 60

    def test_a_worker_works_for_the_wallet_it_was_handed(self, monkeypatch):
        monkeypatch.setattr(module, "_ADOPTED", [])
        monkeypatch.setattr(module.signal, "signal", lambda *_: None)
        of = wallet()
        module._adopt(of)
        line = f"{of.address(0, 1)},1".encode()
        found = module._judge_here(Chunk(line, 1, COLUMNS, with_lines=False))
        assert found.proven == 1
        assert found.lines == b""
        assert module._derive_here(0, 1, 2) == [of.derive(0, 1).script_pubkey]

    def test_a_malformed_line_in_a_worker(self):
        of = wallet()
        text = "\n".join(f"{of.address(0, n)},{n}" for n in range(60)) + "\nx"
        with pytest.raises(MalformedError, match="line 61: this is not an address"):
            judged(text, workers=2)

    @pytest.mark.parametrize("indexed", [True, False])
    def test_a_worker_that_is_ended(self, monkeypatch, indexed):
        def broken(*_):
            raise BrokenProcessPool

        monkeypatch.setattr(module, "ProcessPoolExecutor", lambda *_, **__: Ended(broken))
        of = wallet()
        rows = [f"{of.address(0, n)},{n}" for n in range(60)]
        text = "\n".join(rows) if indexed else of.address(0, 500)
        with pytest.raises(UnfitError, match="ended from outside"):
            judged(text, workers=2, window=1000)


class Ended:
    """A pool whose processes were killed."""

    def __init__(self, broken):
        self.map = broken

    def submit(self, *_):
        future = Future()
        future.set_exception(BrokenProcessPool())
        return future

    def shutdown(self, **_):
        pass


class TestFilter:
    """What has come is answered before more is waited for."""

    def test_a_slow_writer_gets_each_answer(self):
        of = wallet()
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
            found = audit(of, source, Effort(workers=2))
            for n in range(3):
                sink.write(f"{of.address(0, n)},{n}\n".encode())
                assert next(found).proven == 1
            sink.close()
            assert list(found) == []

    def test_a_stream_that_cannot_be_asked(self):
        of = wallet()
        source = io.BytesIO(f"{of.address(0, 0)},0".encode())
        assert module._has_more(source)
        with Path(os.devnull).open("rb") as closed:
            pass
        assert module._has_more(closed)

    def test_what_stands_before_a_bad_line_is_given_out(self):
        of = wallet()
        found = audit(of, stream(f"{of.address(0, 0)},0\nx\n"), Effort())
        assert next(found).proven == 1
        with pytest.raises(MalformedError, match="line 2"):
            next(found)

    def test_a_foreign_one_before_a_bad_line_counts(self):
        (last,) = judged(f"{FOREIGN},0\nx\n")
        assert not last.ours
        (last,) = judged(f"{FOREIGN}\nx\n")
        assert not last.ours

    def test_a_header_alone(self):
        assert judged("address,index\n") == []


class TestSearching:
    def test_how_far_it_is_is_told(self):
        of, told = wallet(), []
        text = f"{of.address(0, 700)}\n{of.address(1, 3)}\n"
        found = list(audit(of, stream(text), Effort(window=1_200, searching=told.append)))
        assert sum(batch.proven for batch in found) == 2
        assert told == [500, 1_000, 1_500]
        (last,) = audit(of, stream(f"{FOREIGN}\n"), Effort(window=1_200, searching=told.append))
        assert last.foreign is not None
        assert told[-1] == 2 * 1_200


class TestRows:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "the list is empty"),
            ("index,branch\n", "line 1: the header"),
            ("address,address\n", "line 1: the header"),
            ("address,amount\n", "line 1: the header"),
            ("\n", "line 1: an empty line"),
            (",1\n", "line 1: no address"),
            ("address;index\n{a};1\n", "line 1: this is not an address$"),
            ("Address,Index\n{a},1\n", "line 1: the header is Address,Index"),
            (" address, index\n", "line 1: the header is"),
            ('[{{"address": "{a}"}}]', "line 1: not a JSON object"),
            ('{a},"1', 'line 1: "1 is not a plain number'),
            ("x y,1", "line 1: this is not an address$"),
            (f"{bytes(32).hex()},1", "line 1: not an address: character 1"),
            ("{a},01", "line 1: 01 is not a plain number"),
            ("{a},-1", "-1 is not a plain number"),
            ("{a},1e3", "1e3 is not a plain number"),
            ("{a},", "line 1:  is not a plain number"),
            ("{a},\u0663", "is not a plain number"),
            ("{a},1,0,5", "4 fields, not 3"),
            ("address\n{a},1", "line 2: 2 fields, not 1$"),
            ("{{", "not valid JSON"),
            ('{{"address": "x", "address": "y"}}', "not valid JSON"),
            ('{{"address": 5}}', "address and id are texts"),
            ('{{"address": "{a}", "id": 5}}', "address and id are texts"),
            ('{{"address": "{a}", "index": "5"}}', "index and branch are numbers"),
            ('{{"address": "{a}", "index": 1.5}}', "1.5 is not a plain number"),
            ('{{"address": "{a}", "index": true}}', "True is not a plain number"),
            ('{{"address": "{a}", "sats": 5}}', "only address, index, branch and id"),
            ('{{"index": 5}}', "address and id are texts"),
            ("{m},1", "line 1: .*belongs to mainnet"),
            ("{b},1", "line 1: .*not an address"),
        ],
    )
    def test_a_bad_line_is_named(self, text, words):
        names = {
            "a": wallet().address(0, 1),
            "m": to_address(b"\x00\x14" + bytes(20), MAINNET),
            "b": wallet().address(0, 1)[:-1],
        }
        with pytest.raises(MalformedError, match=words):
            judged(text.format(**names))

    def test_another_encoding_is_named(self):
        data = f"{wallet().address(0, 1)},1\n".encode("utf-16")
        with pytest.raises(MalformedError, match="the list is UTF-16"):
            list(audit(wallet(), io.BytesIO(data), Effort()))

    def test_nested(self):
        with pytest.raises(MalformedError, match="not valid JSON"):
            judged('{"a":' * 600)

    def test_lines_arrive_in_any_pieces(self, monkeypatch):
        monkeypatch.setattr(audit_rows, "_READ", 3)
        found = list(read_blocks(stream("ab\ncdefg\r\n\nh")))
        assert [tuple(block) for block in found] == [
            (b"ab\n", 1),
            (b"cdefg\r\n\n", 2),
            (b"h", 4),
        ]
        assert list(read_blocks(stream(""))) == []

    @pytest.mark.parametrize("end", [b"", b"\n"])
    def test_a_line_without_an_end(self, monkeypatch, end):
        monkeypatch.setattr(audit_rows, "LINE_CAP", 90)
        of = wallet()
        text = f"{of.address(0, 0)},0\n".encode() + b"x" * 91 + end
        with pytest.raises(MalformedError, match="line 2: longer than 90 bytes"):
            judged(text)

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=80))
    def test_any_bytes(self, data):
        with contextlib.suppress(MalformedError):
            rows = list(parse_rows(data.split(b"\n"), 1))
            assert all(row.address.isalnum() for row in rows)


class TestResults:
    def test_a_filter_gives_back_what_it_was_given(self):
        of = wallet()
        text = f'{{"id": "cust-1", "address": "{of.address(0, 2)}", "index": 2}}\n{FOREIGN},3\n'
        good, bad = [vars(row) for row in judged(text)]
        assert good == {
            "line": 1,
            "address": of.address(0, 2),
            "id": "cust-1",
            "ours": True,
            "branch": 0,
            "index": 2,
        }
        assert bad["ours"] is False
        assert bad["line"] == 2

    def test_the_report(self):
        of = wallet()
        tally = AuditTally(of)
        for batch in batches(f"{of.address(0, 2)},2\n{of.address(1, 5)},5,1\n"):
            tally.add(batch)
        body = tally.body()
        assert body["proven"] == 2
        assert body["highest"] == [[0, 2], [1, 5]]
        assert body["foreign"] is None
        assert "all 2 addresses are the wallet's own" in tally.text()
        alone = AuditTally(of)
        for batch in batches(f"{of.address(0, 1)},1\n"):
            alone.add(batch)
        assert "result: the one address is the wallet's own\n" in alone.text()
        same = AuditTally(of)
        for batch in batches(f"{of.address(0, 2)}\n{of.address(1, 5)}\n{FOREIGN}\n"):
            same.add(batch)
        assert same.body()["addresses"] == body["addresses"]
        assert same.body()["foreign"]["line"] == 3
        assert f"line 3: {FOREIGN} is not the wallet's" in same.text()
