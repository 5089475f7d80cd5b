"""What a SOURCE is read as: by content, never by name."""

import base64
import io
import os
import threading
from pathlib import Path

import pytest

from coldsign.ceremony.intake import Watcher, expect, read_one, read_replies, read_requests
from coldsign.ceremony.reply import answer
from coldsign.errors import MalformedError, UsageError
from coldsign.psbt.edit import ReplyLevel
from coldsign.psbt.model import Psbt
from coldsign.qr.payload import Dialect, Payload, PayloadKind
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
    frames = split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.BBQR).frames
    lines = "\n".join(reversed([str(frame) for frame in frames]))
    (found,) = read("-", stdin=lines.encode())
    assert (found.data, found.dialect) == (PSBT, Dialect.BBQR)


def test_pictures_in_any_order_and_doubled_are_one_message(tmp_path: Path) -> None:
    save(split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.UR), tmp_path / "q")
    pictures = sorted(str(path) for path in (tmp_path / "q").iterdir())
    assert len(pictures) > 2
    (found,) = read(*reversed(pictures), pictures[0])
    assert found.data == PSBT
    (folder,) = read(str(tmp_path / "q"))
    assert folder == found


def test_an_incomplete_set_of_pictures_says_what_is_missing(tmp_path: Path) -> None:
    save(split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.BBQR), tmp_path / "q")
    pictures = sorted(str(path) for path in (tmp_path / "q").iterdir())
    with pytest.raises(MalformedError, match="of"):
        read(*pictures[1:])


def test_a_picture_may_come_through_a_pipe(tmp_path: Path) -> None:
    save(split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.UR, density=20), tmp_path / "q.gif")
    data = (tmp_path / "q.gif").read_bytes()
    (found,) = read("-", stdin=data)
    assert found.data == PSBT
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    (again,) = read(str(tmp_path / "pipe"))
    writer.join()
    assert again == found
    with pytest.raises(MalformedError, match="a damaged picture"):
        read("-", stdin=data[:999])
    with pytest.raises(MalformedError, match="a film cannot be read from a pipe"):
        read("-", stdin=b"\x1aE\xdf\xa3" + bytes(100))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"%PDF-1.4\n\xc0", "a PDF document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "an SVG drawing"),
        (b"<?xml version='1.0'?>\n<!-- made -->\n<svg >", "an SVG drawing"),
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"\0\0\0\x20ftypheic\0\0\0\0mif1", "a HEIC or AVIF picture"),
        (b"\0\0\0\x20ftypavif\0\0\0\0mif1", "a HEIC or AVIF picture"),
    ],
)
def test_pictures_that_are_not_read_are_named(head: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / "codes").write_bytes(head + bytes(3000) * (b"svg" not in head))
    with pytest.raises(MalformedError, match=f"a PSBT is due, but this is {name}") as caught:
        read(str(tmp_path / "codes"))
    assert "PNG" in caught.value.hint


class Noting(Watcher):
    def __init__(self) -> None:
        self.noted: list[object] = []

    def looked(self, progress) -> None:
        self.noted.append((progress.have, progress.need))

    def ended(self) -> None:
        self.noted.append("ended")

    def scanned(self, payload) -> None:
        self.noted.append(payload.sha256_short)


def test_a_watcher_is_told_of_every_code_and_of_the_message(tmp_path: Path) -> None:
    frames = split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.BBQR)
    save(frames, tmp_path / "q")
    watcher = Noting()
    read(str(tmp_path / "q"), watcher=watcher)
    steps = [(n, frames.need) for n in range(1, frames.need + 1)]
    steps.insert(0, (0, 0))
    assert watcher.noted == [*steps, "ended", frames.sha256_short]
    watcher = Noting()
    with pytest.raises(MalformedError):
        read(str(tmp_path / "q" / "001.png"), watcher=watcher)
    assert watcher.noted == [*steps[:2], "ended"]
    read("-", stdin=PSBT, watcher=watcher)
    assert len(watcher.noted) == 3  # nothing was scanned


def test_replies_of_several_people_are_told_apart(tmp_path: Path) -> None:
    """Animations are one reply each; loose pictures are one together; files are files."""
    other = fixture("wpkh-1x2").psbt
    third = fixture("wsh-sortedmulti-2of3-4x4").signed_by_node(0).serialize()
    frames = split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.UR, density=13)
    save(frames, tmp_path / "a.gif")
    save(split(third, kind=PayloadKind.PSBT, dialect=Dialect.PMOFN, density=13), tmp_path / "b.gif")
    save(split(other, kind=PayloadKind.PSBT, dialect=Dialect.BBQR, density=6), tmp_path / "c")
    loose = [str(path) for path in (tmp_path / "c").iterdir()]
    assert len(loose) > 1
    (tmp_path / "d.psbt").write_bytes(third)
    sources = [str(tmp_path / "a.gif"), *loose, str(tmp_path / "b.gif"), str(tmp_path / "d.psbt")]
    found = read_replies(sources, stdin=io.BytesIO())
    assert [payload.data for payload in found] == [third, other, PSBT, third]
    with pytest.raises(MalformedError, match="are missing"):
        read_replies([str(tmp_path / "a.gif"), loose[0]], stdin=io.BytesIO())
    with pytest.raises(UsageError):
        read_replies([str(tmp_path / "absent")], stdin=io.BytesIO())


def test_another_kind_is_named_and_a_secret_is_never_shown(tmp_path: Path) -> None:
    secret = "abandon " * 11 + "about"
    (tmp_path / "x.psbt").write_text(secret)
    with pytest.raises(MalformedError, match="seed words") as caught:
        read(str(tmp_path / "x.psbt"))
    assert "abandon" not in caught.value.message + caught.value.hint
    with pytest.raises(MalformedError, match="web link"):
        read("-", stdin=b"https://example.org/")


def test_the_camera_is_looked_through_only_where_nothing_is_named() -> None:
    payload = Payload(PayloadKind.PSBT, PSBT, Dialect.UR, "crypto-psbt")
    assert read(camera=lambda: payload) == (payload,)
    with pytest.raises(UsageError):
        read()


@pytest.mark.parametrize("sources", [(), ("",), ("a.psbt", "")])
def test_an_empty_name_is_no_folder(sources: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="nothing to read"):
        read_requests(sources, stdin=io.BytesIO())


def test_one_means_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(PSBT)
    with pytest.raises(UsageError, match="2 inputs"):
        read_one([str(tmp_path / "a")] * 2, stdin=io.BytesIO())
    with pytest.raises(UsageError):
        read(str(tmp_path / "absent"))


def test_expect_names_what_is_due() -> None:
    with pytest.raises(MalformedError, match="a PSBT is due"):
        expect(Payload(PayloadKind.TEXT, b"hello", Dialect.TEXT), frozenset({PayloadKind.PSBT}))


@pytest.mark.parametrize("dialect", [Dialect.UR, Dialect.BBQR, Dialect.PMOFN, Dialect.UR_PSBT])
def test_an_answer_speaks_the_requests_dialect(dialect: Dialect) -> None:
    text = "\n".join(map(str, split(PSBT, kind=PayloadKind.PSBT, dialect=dialect).frames))
    (request,) = read("-", stdin=text.encode())
    reply = answer(Psbt.parse(PSBT), request, level=ReplyLevel.FULL, form="auto")
    frames = reply.frames()
    assert frames.dialect is dialect
    (back,) = read("-", stdin="\n".join(map(str, frames.frames)).encode())
    assert back.data == PSBT


def test_a_chosen_format_overrides_the_requests() -> None:
    (request,) = read("-", stdin=PSBT)
    assert (
        answer(Psbt.parse(PSBT), request, level=ReplyLevel.FULL, form="auto").frames().dialect
        is Dialect.UR
    )
    chosen = answer(Psbt.parse(PSBT), request, level=ReplyLevel.SIGNATURES, form="bbqr")
    assert chosen.frames().dialect is Dialect.BBQR
    assert len(chosen.data) < len(PSBT)


def test_of_several_files_the_one_that_is_too_large_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldsign.ceremony.intake.MAX_FILE", len(PSBT))
    for name, more in (("good", b""), ("large", b"\0")):
        (tmp_path / name).write_bytes(PSBT + more)
    with pytest.raises(MalformedError, match=r"^large: the file is larger than"):
        read(str(tmp_path / "good"), str(tmp_path / "large"))
