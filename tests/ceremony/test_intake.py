"""What a SOURCE is read as: by content, never by name."""

import base64
import io
from pathlib import Path

import pytest

from coldsign.ceremony.intake import expect, read_one, read_requests
from coldsign.ceremony.reply import answer
from coldsign.errors import MalformedError, UsageError
from coldsign.psbt.edit import Reply as Level
from coldsign.psbt.model import Psbt
from coldsign.qr.payload import Dialect, Kind, Payload
from coldsign.qr.splitter import split
from coldsign.qr.write import save
from tests.ceremony.stage import fixture

PSBT = fixture("wsh-sortedmulti-2of3-4x4").psbt
FORMS = {
    "binary": PSBT,
    "base64": base64.b64encode(PSBT) + b"\n",
    "hex": PSBT.hex().encode(),
}


def read(*sources: str, stdin: bytes = b"", **options) -> tuple[Payload, ...]:
    return read_requests(sources, stdin=io.BytesIO(stdin), **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["a.psbt", "a.txt", "a.png"])
def test_a_file_is_known_by_its_content(form: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FORMS[form])
    (found,) = read(str(tmp_path / name))
    assert (found.data, found.dialect) == (PSBT, Dialect(form))
    assert read("-", stdin=FORMS[form]) == (found,)


def folded(text: bytes, width: int, end: bytes = b"\n") -> bytes:
    return end.join(text[at : at + width] for at in range(0, len(text), width)) + end


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (base64.encodebytes(PSBT), 62),
        (folded(base64.b64encode(PSBT), 64, b"\r\n"), 74),
        (folded(PSBT.hex().encode(), 60), 118),
        (folded(PSBT.hex().upper().encode(), 80), 89),
    ],
)
def test_a_folded_text_is_told_how_to_be_written(text: bytes, lines: int, tmp_path: Path) -> None:
    """As ``base64``, ``xxd -p`` and mail write it: nothing between the digits is passed over."""
    (tmp_path / "folded").write_bytes(text)
    for source in (str(tmp_path / "folded"), "-"):
        with pytest.raises(MalformedError, match=f"is folded into {lines}") as caught:
            read(source, stdin=text)
        assert "base64 -w0" in caught.value.hint


@pytest.mark.parametrize("text", [FORMS["base64"] * 2, folded(base64.b64encode(PSBT), 400)])
def test_long_lines_are_not_called_folded(text: bytes) -> None:
    with pytest.raises(MalformedError, match="is one line; more lines follow it"):
        read("-", stdin=text)


def test_lines_of_a_hand_scanner_are_joined() -> None:
    frames = split(PSBT, kind=Kind.PSBT, dialect=Dialect.BBQR).frames
    lines = "\n".join(reversed([str(frame) for frame in frames]))
    (found,) = read("-", stdin=lines.encode())
    assert (found.data, found.dialect) == (PSBT, Dialect.BBQR)


def test_pictures_in_any_order_and_doubled_are_one_message(tmp_path: Path) -> None:
    save(split(PSBT, kind=Kind.PSBT, dialect=Dialect.UR), tmp_path / "q")
    pictures = sorted(str(path) for path in (tmp_path / "q").iterdir())
    assert len(pictures) > 2
    (found,) = read(*reversed(pictures), pictures[0])
    assert found.data == PSBT
    (folder,) = read(str(tmp_path / "q"))
    assert folder == found


def test_an_incomplete_set_of_pictures_says_what_is_missing(tmp_path: Path) -> None:
    save(split(PSBT, kind=Kind.PSBT, dialect=Dialect.BBQR), tmp_path / "q")
    pictures = sorted(str(path) for path in (tmp_path / "q").iterdir())
    with pytest.raises(MalformedError, match="of"):
        read(*pictures[1:])


def test_another_kind_is_named_and_a_secret_is_never_shown(tmp_path: Path) -> None:
    secret = "abandon " * 11 + "about"
    (tmp_path / "x.psbt").write_text(secret)
    with pytest.raises(MalformedError, match="seed words") as caught:
        read(str(tmp_path / "x.psbt"))
    assert "abandon" not in caught.value.message + caught.value.hint
    with pytest.raises(MalformedError, match="web link"):
        read("-", stdin=b"https://example.org/")


def test_the_camera_is_looked_through_only_where_nothing_is_named() -> None:
    payload = Payload(Kind.PSBT, PSBT, Dialect.UR, "crypto-psbt")
    assert read(camera=lambda: payload) == (payload,)
    with pytest.raises(UsageError):
        read()


def test_one_means_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(PSBT)
    with pytest.raises(UsageError, match="2 inputs"):
        read_one([str(tmp_path / "a")] * 2, stdin=io.BytesIO())
    with pytest.raises(UsageError):
        read(str(tmp_path / "absent"))


def test_expect_names_what_is_due() -> None:
    with pytest.raises(MalformedError, match="a PSBT is due"):
        expect(Payload(Kind.TEXT, b"hello", Dialect.TEXT), frozenset({Kind.PSBT}))


@pytest.mark.parametrize("dialect", [Dialect.UR, Dialect.BBQR, Dialect.PMOFN, Dialect.UR_PSBT])
def test_an_answer_speaks_the_requests_dialect(dialect: Dialect) -> None:
    text = "\n".join(map(str, split(PSBT, kind=Kind.PSBT, dialect=dialect).frames))
    (request,) = read("-", stdin=text.encode())
    reply = answer(Psbt.parse(PSBT), request, level=Level.FULL, form="auto")
    frames = reply.frames()
    assert frames.dialect is dialect
    (back,) = read("-", stdin="\n".join(map(str, frames.frames)).encode())
    assert back.data == PSBT


def test_a_chosen_format_overrides_the_requests() -> None:
    (request,) = read("-", stdin=PSBT)
    assert (
        answer(Psbt.parse(PSBT), request, level=Level.FULL, form="auto").frames().dialect
        is Dialect.UR
    )
    chosen = answer(Psbt.parse(PSBT), request, level=Level.SIGNATURES, form="bbqr")
    assert chosen.frames().dialect is Dialect.BBQR
    assert len(chosen.data) < len(PSBT)
