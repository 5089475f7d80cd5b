"""Papers named on the command line: files as they are, and texts that crossed as QR codes."""

import hashlib
import io
import itertools
import sys
from types import SimpleNamespace

import pytest

from coldsign.ceremony import paperwork
from coldsign.ceremony.paperwork import read_paper_at, read_papers_at, signature_beside
from coldsign.errors import MalformedError, UsageError
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import split
from coldsign.qr.write import save
from tests.qr.pictures import stream

TEXTS = tuple(
    "".join(f"{hashlib.sha256(name + bytes([n])).hexdigest()}\n" for n in range(6)).encode()
    for name in (b"first", b"second")
)


def codes(text, dialect=Dialect.BBQR, density=None):
    return [
        one if isinstance(one, bytes) else one.encode()
        for one in split(text, kind=PayloadKind.TEXT, dialect=dialect, density=density).frames
    ]


def read(path, cap=10_000):
    return read_papers_at(str(path), cap, what="approval")


def test_a_file_is_read_as_it_is(tmp_path):
    for text in (*TEXTS, b"\xff\xfe", b"p1 of none", b"B: no code"):
        (tmp_path / "paper").write_bytes(text)
        assert read(tmp_path / "paper") == (text,)


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXTS[0])))
    assert read("-") == (TEXTS[0],)
    assert signature_beside("-", 9, what="manifest") is None


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "paper").touch()
    with pytest.raises(MalformedError, match="the approval is empty"):
        read(tmp_path / "paper")


def test_too_large_and_missing(tmp_path):
    (tmp_path / "paper").write_bytes(TEXTS[0])
    with pytest.raises(MalformedError, match="the approval is larger than 10 bytes"):
        read(tmp_path / "paper", cap=10)
    with pytest.raises(UsageError, match="it does not exist"):
        read(tmp_path / "none")


@pytest.mark.parametrize("name", ["a.png", "a.gif", "folder"])
def test_pictures(tmp_path, name):
    save(split(TEXTS[0], kind=PayloadKind.TEXT, dialect=Dialect.BBQR), tmp_path / name)
    assert read(tmp_path / name) == (TEXTS[0],)


def test_several_papers_in_one_folder(tmp_path):
    for number, text in enumerate(TEXTS):
        save(split(text, kind=PayloadKind.TEXT, dialect=Dialect.BBQR), tmp_path / f"{number}.png")
    assert read(tmp_path) == TEXTS
    assert read_paper_at(str(tmp_path / "0.png"), 10_000, what="manifest") == TEXTS[0]
    with pytest.raises(MalformedError, match="2 texts were seen where one manifest is due"):
        read_paper_at(str(tmp_path), 10_000, what="manifest")
    assert signature_beside(str(tmp_path), 9, what="manifest") is None


def test_scanned_lines_of_several_papers_with_repeats(tmp_path):
    first, second = [codes(text, density=8) for text in TEXTS]
    assert len(first) > 1
    path = tmp_path / "scanned.txt"
    path.write_bytes(b"\r\n".join([*first[::-1], first[0], b"", *second, *first]))
    assert read(path) == TEXTS
    path.write_bytes(b"\n".join(first[1:]))
    with pytest.raises(MalformedError, match=r"1 of .* parts are missing"):
        read(path)


def test_a_film_goes_on_after_the_message(tmp_path, monkeypatch):
    frames = split(TEXTS[0], kind=PayloadKind.BYTES, dialect=Dialect.UR, density=5)
    shown = [frame.encode() for frame in itertools.islice(stream(frames), 3 * frames.need)]
    monkeypatch.setattr(paperwork, "is_visual", lambda _path: True)
    monkeypatch.setattr(paperwork, "read_pictures", lambda _paths: iter(shown))
    (tmp_path / "film.mp4").touch()
    assert read(tmp_path / "film.mp4") == TEXTS[:1]
    shown.clear()
    with pytest.raises(MalformedError, match="no QR code of the approval was seen"):
        read(tmp_path / "film.mp4")


def test_another_kind_of_message(tmp_path):
    (tmp_path / "a.txt").write_bytes(
        b"ur:crypto-psbt/hdcxlkahssqzwfvslofzoxwkrewngotktbmwjkwdcmnefsaaehrlolkskncnktlbaypkrphsmyid"
    )
    with pytest.raises(MalformedError):
        read(tmp_path / "a.txt")


def test_the_signature_beside(tmp_path):
    paper = tmp_path / "day.csv"
    paper.write_bytes(b"x")
    assert signature_beside(str(paper), 9, what="manifest") is None
    (tmp_path / "day.csv.asc").write_bytes(b"signed")
    assert signature_beside(str(paper), 9, what="manifest") == b"signed"
    with pytest.raises(MalformedError, match="the manifest's signature is larger than 3 bytes"):
        signature_beside(str(paper), 3, what="manifest")
