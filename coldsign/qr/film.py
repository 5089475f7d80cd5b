"""Films and cameras as grey pictures; the only door to PyAV, and only inside the decoder child."""

import contextlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from PIL import Image

from coldsign.qr.wire import MAX_WORK, TOO_MUCH, PictureError

_WITH_LUMA_PLANE = {
    "gray", "nv12", "nv21", "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p",
}  # fmt: skip
_SMALL = 16  # pixels along a side of the film that warms up


class Film:
    """A film or camera.

    Attributes:
        live: Whether it is a camera, so that a person wants to see a preview.
    """

    def __init__(self, source: Any, *, live: bool) -> None:  # noqa: ANN401 - av is untyped here
        self._source = source
        self.live = live

    @classmethod
    def of_file(cls, descriptor: int, *, live: bool = False) -> "Film":
        """The film open on a file descriptor; not a byte of it is read before the first picture is asked for.

        Args:
            descriptor: The open file.
            live: Whether it is a recording in a camera's place.
        """
        return cls(open(descriptor, "rb", closefd=False), live=live)

    @classmethod
    def of_camera(cls, device: str) -> "Film":
        """The camera at a device file, in the largest size that a webcam gives at speed.

        Raises:
            PictureError: It does not open.
        """
        options = {"video_size": "1280x720", "framerate": "30"}
        try:
            return cls(av.open(device, format="v4l2", mode="r", options=options), live=True)
        except (FFmpegError, OSError, ValueError):
            pass
        try:
            return cls(av.open(device, format="v4l2", mode="r"), live=True)
        except (FFmpegError, OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it gives no pictures"
            raise PictureError(f"the camera cannot be opened: {why}") from None

    def images(self, most: int, pixels: int) -> Iterator[Image.Image]:
        """The frames, grey; those that are damaged are left out, as a camera's lost ones are.

        Args:
            most: How many frames of a film are looked at; a camera goes on.
            pixels: How large a frame may be.

        Raises:
            PictureError: A frame is larger, there are more of them, or not one can be read.
        """
        count = 0
        for frame in self._frames(most):
            if frame.width * frame.height > pixels:
                raise PictureError(f"a film of more than {pixels // 10**6} megapixels")
            if count >= most and not self.live:
                raise PictureError(f"a film of more than {most} pictures")
            count += 1
            yield _grey(frame)
        if not count:
            raise PictureError("a damaged film")

    def _frames(self, most: int) -> Iterator[Any]:
        try:
            is_open = isinstance(self._source, InputContainer)
            container: Any = self._source if is_open else av.open(self._source, mode="r")
            if not container.streams.video:
                raise PictureError("a film without pictures")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"  # the locked-up child may not start threads
            stream.codec_context.thread_count = 1
            if stream.frames > most and not self.live:  # not after minutes, where the film says it
                raise PictureError(f"a film of more than {most} pictures")
            size = stream.codec_context.width * stream.codec_context.height
            if stream.frames * size > MAX_WORK and not self.live:
                raise PictureError(TOO_MUCH)
            for packet in container.demux(stream):
                with contextlib.suppress(FFmpegError):
                    yield from packet.decode()
        except FFmpegError:
            raise PictureError("a damaged film") from None


def warm_up() -> None:
    """Read a small film: locked up, nothing can be imported any more."""
    file = BytesIO()
    with av.open(file, "w", format="avi") as made:
        stream = made.add_stream("rawvideo", rate=5)
        stream.width = stream.height = _SMALL
        stream.pix_fmt = "bgr24"
        stream.thread_type = "NONE"
        blank = av.VideoFrame(_SMALL, _SMALL, "bgr24")
        made.mux([*stream.encode(blank), *stream.encode()])
    file.seek(0)
    list(Film(file, live=False).images(1, _SMALL**2))


def _grey(frame: Any) -> Image.Image:  # noqa: ANN401 - av is untyped here
    """The luma plane as it is where the format has one, without conversion."""
    if frame.format.name not in _WITH_LUMA_PLANE:
        # Webcams' packed pixels, telephones' ten bits a colour; the locked-up child may not start threads.
        frame = frame.reformat(format="gray", threads=1)
    plane = frame.planes[0]
    size = (frame.width, frame.height)
    return Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)
