"""How much is looked at: enough for every honest picture and film, and no more."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from coldsign.errors import MalformedError
from coldsign.qr import decoder, eyes, film, read
from coldsign.qr.child import Child
from coldsign.qr.eyes import SECOND_LOOKS, Eyes, least_work
from coldsign.qr.read import Effort, decode, read_pictures
from coldsign.qr.wire import LESS, MAX_WORK, TOO_MUCH, PictureError, Say, pack
from tests.qr import pictures
from tests.qr.test_film import film as recorded

SMALL = (320, 240)
PIXELS = SMALL[0] * SMALL[1]


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(3600 * 5 * 1280 * 720, id="an hour of a webcam in 720p, five looks a second"),
        pytest.param(
            120 * 30 * 3840 * 2160, id="two minutes of a telephone in 4K, thirty a second"
        ),
    ],
)
def test_honest_films_are_looked_at_to_their_end(pixels):
    """Also where nothing is found at the first look: further ones end at their share."""
    dearest = 3840 * 2160 * (eyes._MEDIAN + eyes._FIRST + eyes._ZBAR)
    assert pixels + SECOND_LOOKS + dearest <= MAX_WORK


def test_an_hour_of_our_own_animation_is_looked_at_to_its_end():
    side = 4 * (17 + 4 * 27 + 8)  # pixels of a code of version 27 with its quiet zone
    assert 3600 * 5 * least_work(side * side) <= MAX_WORK


def noise():
    return Image.effect_noise(SMALL, 200)


def test_every_look_counts_and_second_ones_end_at_their_share(monkeypatch):
    monkeypatch.setattr(eyes, "SECOND_LOOKS", 30 * PIXELS)
    watching = Eyes()
    zbar = eyes._ZBAR if watching.second else 0
    watching.begin()
    spent = []
    for _ in range(6):
        assert watching.glance(noise()) == []
        spent.append(watching.work() // PIXELS)
    assert spent == [12, 12, 12 + zbar, *([12] if not zbar else [1]), 1, 1]
    watching.begin(live=True)  # a camera is looked through as long as a person wants
    assert all(watching.glance(noise()) == [] and watching.work() >= 12 * PIXELS for _ in range(6))
    watching.begin()
    assert watching.study(noise()) == []
    assert watching.work() >= least_work(PIXELS)


def test_a_code_found_at_the_first_look_costs_one():
    frames = pictures.shown(300, density=20)
    picture = pictures.on_desk(pictures.image(frames))
    watching = Eyes()
    assert watching.glance(picture) == [frames.frames[0].encode()]
    assert watching.work() == 1280 * 720
    assert watching.work() == 0


def test_a_folder_is_looked_at_so_far_and_no_further(tmp_path, monkeypatch):
    frames = pictures.shown(300, density=20)
    for number in range(3):
        pictures.image(frames).save(tmp_path / f"{number}.png")
    side = pictures.image(frames).width
    monkeypatch.setattr(read, "MAX_WORK", 2 * least_work(side * side) + 1)
    found = read_pictures([tmp_path])
    assert next(found) == next(found) == frames.frames[0].encode()
    with pytest.raises(MalformedError, match=re.escape(f"2.png: {TOO_MUCH}")) as caught:
        list(found)
    assert caught.value.hint == LESS


def test_a_film_is_looked_at_so_far_and_no_further(tmp_path, monkeypatch):
    path = recorded(tmp_path, "mkv", "-c:v", "libx264")
    monkeypatch.setattr(read, "MAX_WORK", 640 * 480)
    with pytest.raises(MalformedError, match=re.escape(f"{path.name}: {TOO_MUCH}")):
        list(read_pictures([path]))


def test_what_says_itself_that_it_is_too_much_is_refused_at_once(tmp_path, monkeypatch):
    file = BytesIO()
    shots = [pictures.image(pictures.shown(2000), number) for number in range(4)]
    shots[0].save(file, "GIF", save_all=True, append_images=shots[1:])
    least = 4 * least_work(shots[0].width * shots[0].height)
    for most, fault in ((least, False), (least - 1, True)):
        monkeypatch.setattr(decoder, "MAX_WORK", most)
        answers = list(decoder._picture_answers(Say.PICTURE, file.getvalue(), Eyes()))
        refused = [pack(Say.FAULT, TOO_MUCH.encode()), pack(Say.DONE)]
        assert (answers == refused) == fault
    path = recorded(tmp_path, "mp4", "-c:v", "libx264")
    monkeypatch.setattr(film, "MAX_WORK", 640 * 480)
    with path.open("rb") as opened, pytest.raises(PictureError, match=TOO_MUCH):
        next(film.Film(opened, live=False).images(1000, 10**7))


def test_an_animation_of_the_most_and_largest_pictures_is_refused_at_once():
    """Twenty thousand of nine megapixels, each a change of one pixel: half a megabyte of file."""
    file = BytesIO()
    Image.new("P", (4000, 2250)).save(file, "GIF")
    change = b"\x21\xf9\x04\x04\x14\0\0\0,\0\0\0\0\1\0\1\0\0\x02\x02\x44\x01\0"
    bomb = file.getvalue().removesuffix(b";") + change * (decoder.MAX_LOOKS - 1) + b";"
    with Child() as child, pytest.raises(MalformedError, match=TOO_MUCH) as caught:
        list(child.ask(Say.PICTURE, bomb))
    assert caught.value.hint == LESS


def test_a_strip_too_narrow_to_be_halved_is_looked_at_once(monkeypatch):
    """It was halved for ever: until the decoder's time was over."""
    file = BytesIO()
    Image.new("L", (15_000, 420), 255).save(file, "PNG")
    with Child(patience=20) as child:
        assert list(decode(child, file.getvalue(), Effort())) == []


def peak_megabytes(child):
    status = Path(f"/proc/{child._process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


@pytest.mark.parametrize(
    ("form", "size", "mode"),
    [
        ("WEBP", (4000, 2250), "RGBA"),
        pytest.param("PNG", (4000, 2250), "RGBA", marks=pytest.mark.slow),
        pytest.param("GIF", (4000, 2250), "RGB", marks=pytest.mark.slow),
    ],
)
def test_the_largest_animation_stays_small_in_memory(form, size, mode):
    shots = [Image.effect_noise((250, 141), 90).resize(size, 0).convert(mode) for _ in range(2)]
    file = BytesIO()
    fast = {"lossless": True, "quality": 0, "method": 0} if form == "WEBP" else {}
    shots[0].save(file, form, save_all=True, append_images=shots[1:], **fast)
    assert size[0] * size[1] == decoder.MAX_MOVING
    with Child() as child:
        looks = sum(say is Say.LOOK for say, _ in child.ask(Say.PICTURE, file.getvalue()))
        assert (looks, peak_megabytes(child) < 256) == (2, True)


@pytest.mark.parametrize(("form", "mode"), [("WEBP", "RGB"), ("JPEG", "CMYK")])
def test_pictures_that_take_more_memory_may_be_less_large(form, mode):
    file = BytesIO()
    Image.new(mode, (4001, 3000)).save(file, form)
    with Child() as child, pytest.raises(MalformedError, match="CMYK picture of more than 12 mega"):
        list(child.ask(Say.PICTURE, file.getvalue()))


def test_a_large_photograph_stays_small_in_memory():
    """Progressive, and without less room for the colours: what a JPEG takes most memory for."""
    file = BytesIO()
    photograph = Image.new("RGB", (5000, 4999))
    photograph.save(file, "JPEG", progressive=True, subsampling=0, quality=30)
    with Child() as child:
        list(child.ask(Say.PICTURE, file.getvalue()))
        assert peak_megabytes(child) < 256
