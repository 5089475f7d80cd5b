import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives.keypath import HARDENED, KeyOrigin, format_path, parse_path

QUICK = settings(max_examples=200, deadline=None)
PATHS = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple)


@QUICK
@given(PATHS)
def test_text_round_trip(path):
    text = format_path(path)
    assert parse_path(text) == path
    if path:
        assert parse_path("m/" + text.replace("h", "'")) == path


@QUICK
@given(st.binary(min_size=4, max_size=4), PATHS)
def test_origin_round_trip(fingerprint, path):
    origin = KeyOrigin(fingerprint, path)
    assert KeyOrigin.parse_bytes(origin.to_bytes()) == origin


@QUICK
@given(st.binary(max_size=30))
def test_any_bytes_are_an_origin_or_malformed(data):
    try:
        origin = KeyOrigin.parse_bytes(data)
    except MalformedError:
        assert len(data) < 4 or len(data) % 4
        return
    assert origin.to_bytes() == data


def test_words():
    assert parse_path("m") == ()
    assert format_path(()) == "m"
    assert parse_path("m/48h/0'/0/2147483647h") == (HARDENED + 48, HARDENED, 0, 2**32 - 1)
    assert str(KeyOrigin(b"\xde\xad\xbe\xef", parse_path("48h/1"))) == "[deadbeef/48h/1]"
    assert str(KeyOrigin(bytes(4), ())) == "[00000000]"
    assert len(parse_path("/".join(["1"] * 255))) == 255


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "m/", "M/1", "1/", "/1", "-1", "+1", "1H", "1hh", "h", "01", "1_0", " 1", "1 "),
        *("2147483648", "2147483648h", "99999999999999999999", "0x1", "1//2", "m/m"),
        *("\u0661", "\u00b2", "1/" * 255 + "1", "9" * 5000),
    ],
)
def test_what_is_no_path(text):
    with pytest.raises(MalformedError, match="key path"):
        parse_path(text)


def test_the_depth_is_capped():
    deepest = bytes(4 + 4 * 255)
    assert len(KeyOrigin.parse_bytes(deepest).path) == 255
    with pytest.raises(MalformedError, match="255 steps"):
        KeyOrigin.parse_bytes(deepest + bytes(4))
