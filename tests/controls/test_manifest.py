"""The manifest: nothing is guessed, and every fault names its line."""

import contextlib
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coldsign.controls import manifest as module
from coldsign.controls.manifest import parse_manifest
from coldsign.errors import MalformedError
from coldsign.primitives.address import to_address
from coldsign.primitives.network import MAINNET, REGTEST, TESTNET4
from coldsign.review.context import Coverage

A = to_address(b"\x00\x14" + bytes(range(20)), MAINNET)
B = to_address(b"\x51\x20" + bytes(range(32)), MAINNET)
P2SH = to_address(b"\xa9\x14" + bytes(20) + b"\x87", MAINNET)
CSV = f"id,address,sats\nwd-1,{A},1000\nwd-2,{B},2100000000000000\n".replace(
    "2100000000000000", "20"
)
JSON = json.dumps(
    [{"id": "wd-1", "address": A, "sats": 1000}, {"sats": 20, "id": "wd-2", "address": B}]
)


def parse(text, network=MAINNET):
    return parse_manifest(text.encode() if isinstance(text, str) else text, network)


def row(id_="wd-1", address=A, sats="1000"):
    return f"id,address,sats\nwd-0,{B},1\n{id_},{address},{sats}\n"


class TestReading:
    def test_csv(self):
        found = parse(CSV)
        assert [(r.id, r.address, r.sats) for r in found.rows] == [
            ("wd-1", A, 1000),
            ("wd-2", B, 20),
        ]
        assert found.rows[0].script == b"\x00\x14" + bytes(range(20))
        assert found.coverage is Coverage.WHOLE
        assert (
            parse_manifest(CSV.encode(), MAINNET, coverage=Coverage.PART).coverage is Coverage.PART
        )

    @pytest.mark.parametrize(
        "text",
        [
            JSON,
            " \n" + JSON + "\n\n",
            json.dumps(json.loads(JSON), indent=2),
            CSV.replace("\n", "\r\n"),
            CSV.removesuffix("\n"),
            "\ufeff" + CSV,
            "\ufeff" + JSON,
            f'"id","address","sats"\n"wd-1","{A}","1000"\nwd-2,"{B}",20\n',
            f"sats,id,address\n20,wd-2,{B}\n1000,wd-1,{A}\n",
            CSV.replace(A, A.upper()),
        ],
    )
    def test_the_digest_is_of_the_content(self, text):
        assert parse(text).digest == parse(CSV).digest

    @pytest.mark.parametrize(
        "text",
        [
            CSV.replace("1000", "1001"),
            CSV.replace("wd-1", "wd-3"),
            CSV.replace(A, P2SH),
            CSV + f"wd-9,{A},1000\n",
        ],
    )
    def test_another_content_has_another_digest(self, text):
        assert parse(text).digest != parse(CSV).digest

    def test_two_withdrawals_may_pay_the_same(self):
        assert len(parse(CSV + f"wd-3,{A},1000\n").rows) == 3

    def test_a_network_is_part_of_the_digest(self):
        address = to_address(b"\x00\x14" + bytes(20), TESTNET4)
        text = f"id,address,sats\n1,{address},1\n".encode()
        from coldsign.primitives.network import SIGNET

        assert parse_manifest(text, TESTNET4).digest != parse_manifest(text, SIGNET).digest

    def test_thousands_of_rows(self):
        text = "id,address,sats\n" + "".join(f"wd-{n},{A},{n + 1}\n" for n in range(5000))
        assert len(parse(text).rows) == 5000


class TestRefusing:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "empty"),
            ("\n", "line 1: an empty line"),
            ("id,address,sats\n", "no rows"),
            ("id;address;sats\n", "line 1: the header is id;address;sats"),
            ("id,address,amount\n", "header"),
            ("id,address\n", "header"),
            ("id,id,sats\n", "header"),
            ("id,address,sats,sats\n", "line 1: the header is id,address,sats,sats"),
            ("xprv,4\n", "line 1: there is no header"),  # what may be a secret is not quoted
            ("ID,Address,Sats\n", "line 1: the header is ID,Address,Sats"),
            (" id,address,sats\n", "header"),
            (CSV + "\n", "line 4: an empty line"),
            (CSV + "wd-3,x\n", "line 4: 2 fields, not 3"),
            (CSV + f"wd-3,{A},0,30\n", "line 4: 4 fields"),
            (CSV.replace("\n", "\r"), r"header|line 1"),
            (row(id_="wd-0"), "line 3: id wd-0 stands in line 2 too"),
            (row(id_=""), "line 3: no id"),
            (row(sats=""), "line 3: no sats"),
            (row(sats='""'), "line 3: no sats"),
            (CSV + "  \n", "line 4: 1 field, not 3"),
            (row(id_="a b"), "id a b is not"),
            (row(id_="a" * 65), "is not 1 to 64"),
            (row(id_="wd\u2010 1"), r"u\{2010\}"),
            (row(id_='w"d'), "double quote"),
            (row(id_='"wd'), "double quote"),
            (row(id_='"'), "line 3: a double quote within a field"),
            (row(address=""), "line 3: no address"),
            (row(address=" " + A), "is not an address"),
            (row(address=A.replace("q", "\u0430", 1)), "is not an address"),
            (row(address=A[:-1] + ("q" if A[-1] != "q" else "p")), r"line 3: .*not an address"),
            (row(address=A[:-1]), "not an address"),
            (row(address=A[:5].upper() + A[5:]), r"line 3: .*(mixed|case)"),
            (row(address="1" * 34), "not an address"),
            (row(address=to_address(b"\x00\x14" + bytes(20), REGTEST)), "belongs to regtest"),
            (row(address=to_address(b"\xa9\x14" + bytes(20) + b"\x87", TESTNET4)), "belongs to"),
        ],
    )
    def test_a_bad_row_is_named(self, text, words):
        with pytest.raises(MalformedError, match=words):
            parse(text)

    @pytest.mark.parametrize(
        "sats",
        [
            *("0", "-1", "-0", "+1", "01", "1.0", "1e8", "1_000", "0x10", " 1", "1 ", "NaN"),
            *("inf", "\u0663", "\uff11", "\u00b9", "2100000000000001", "9" * 400, "1\u00a0000"),
        ],
    )
    def test_a_bad_amount_is_named(self, sats):
        with pytest.raises(
            MalformedError, match=r"line 3: (sats .* is not a plain integer|4 fields)"
        ):
            parse(row(sats=sats))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{}", "line 1: a JSON manifest is a list"),
            ("[", "line 1: not valid JSON"),
            ("[]", "no rows"),
            ("[1]", "line 1: not an object"),
            ('[{"id": "a"}]', "not an object of exactly"),
            (JSON + "x", "something follows the list"),
            (JSON[:-1], "a comma or the end"),
            (JSON[:-1] + ",]", "not valid JSON"),
            (JSON[:-1] + "\n,\n[[]]]", "line 3: not an object"),
            (JSON.replace("1000", '"1000"'), "line 1: sats is not an integer"),
            (JSON.replace("1000", "true"), "sats is not an integer"),
            (JSON.replace("1000", "1000.0"), "1000.0 is not a plain integer"),
            (JSON.replace("1000", "1e3"), "1e3 is not a plain integer"),
            (JSON.replace("1000", "NaN"), "NaN is not a plain integer"),
            (JSON.replace("1000", "-5"), "is not a plain integer"),
            (JSON.replace("1000", "9" * 10000), "is not a plain integer"),
            (JSON.replace('"wd-1"', "1"), "id is not text"),
            (JSON.replace('"wd-1"', "null"), "id is not text"),
            (JSON.replace(f'"{A}"', "[]"), "address is not text"),
            (JSON.replace(f'"{A}"', "5"), "line 1: address is not text"),
            (JSON.replace('{"id"', '{"x": "y", "id"'), "line 1: not an object of exactly"),
            (JSON.replace('{"id"', '{"id": "x", "id"'), "a name stands twice"),
            (JSON.replace("wd-2", "wd-1"), "stands in line 1 too"),
            ("[" * 100000, "not valid JSON"),
            ('[{"id": ' + "[" * 100000, "not valid JSON"),
        ],
    )
    def test_bad_json_is_named(self, text, words):
        with pytest.raises(MalformedError, match=words):
            parse(text)

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            (row(sats="0.003"), "amounts are whole satoshi, digits alone: 0.003 BTC is 300000"),
            (row(sats='"300,000"'), "none may hold one, nor a comma"),
            (row(id_="a b"), "an id has no spaces"),
            (CSV + "\n", "take it out"),
            (CSV + ",,\n", "every row has an id, an address and an amount"),
        ],
    )
    def test_what_a_person_can_do_is_said(self, text, hint):
        with pytest.raises(MalformedError) as caught:
            parse(text)
        assert hint in caught.value.hint

    def test_lines_are_counted_in_json_too(self):
        text = json.dumps(json.loads(JSON), indent=1).replace('"wd-2"', '"a b"')
        with pytest.raises(MalformedError, match="line 7: id a b"):
            parse(text)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (CSV.encode("utf-16"), "the manifest is UTF-16"),
            (CSV.encode("utf-16-le"), "the manifest is UTF-16"),
            (JSON.encode("utf-16-be"), "the manifest is UTF-16"),
            (CSV.encode("utf-32"), "the manifest is UTF-32"),
            (CSV.encode("utf-32-be"), "the manifest is UTF-32"),
            (b"PK\x03\x04\x14\0", "the manifest is a spreadsheet"),
            (CSV.encode() + b"\xff", "line 4: not UTF-8"),
            (b"\x1f\x8b\x08", "line 1: not UTF-8"),
        ],
    )
    def test_other_encodings_are_named(self, data, words):
        with pytest.raises(MalformedError, match=words):
            parse(data)

    def test_an_id_as_long_as_may_be(self):
        assert parse(row(id_="a" * 64)).rows[1].id == "a" * 64

    def test_more_than_all_coins(self):
        assert parse(row(sats="2099999999999999")).rows[1].sats == 2_099_999_999_999_999
        whole = f"id,address,sats\nwd-1,{A},2100000000000000\n"
        assert parse(whole).rows[0].sats == 2_100_000_000_000_000
        text = row(sats="2100000000000000")
        with pytest.raises(MalformedError, match="more than all coins"):
            parse(text)

    def test_caps(self, monkeypatch):
        monkeypatch.setattr(module, "MOST_ROWS", 2)
        with pytest.raises(MalformedError, match="line 4: more than 2 rows"):
            parse(CSV + f"wd-3,{A},1\n")
        monkeypatch.setattr(module, "MANIFEST_CAP", len(CSV))
        assert len(parse(CSV).rows) == 2
        with pytest.raises(MalformedError, match=f"larger than {len(CSV)} bytes"):
            parse(CSV + "\n")

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=200))
    @example(b"[\xef\xbb\xbf]")
    def test_any_bytes(self, data):
        with contextlib.suppress(MalformedError):
            assert parse(data).rows

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_any_change(self, data):
        text = data.draw(st.sampled_from([CSV.encode(), JSON.encode()]))
        at = data.draw(st.integers(0, len(text)))
        changed = text[:at] + data.draw(st.binary(max_size=3)) + text[at + 1 :]
        with contextlib.suppress(MalformedError):
            found = parse(changed)
            assert sum(r.sats for r in found.rows) > 0
