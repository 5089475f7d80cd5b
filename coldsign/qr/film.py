"""Films and cameras as grey pictures; the only door to PyAV, and only inside the decoder child."""

from collections.abc import Iterator
from typing import Any

import av
from PIL import Image

_WITH_LUMA_PLANE = {
    "gray", "nv12", "nv21", "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p",
}  # fmt: skip


class Film:
    """An opened film or camera.

    Attributes:
        live: Whether it is a camera, so that a person wants to see a preview.
    """

    def __init__(self, container: Any, *, live: bool) -> None:  # noqa: ANN401 - av is untyped here
        self._container = container
        self.live = live
        stream = container.streams.video[0]
        stream.thread_type = "NONE"  # the locked-up child may not start threads
        stream.codec_context.thread_count = 1
        self._stream = stream

    @classmethod
    def of_file(cls, descriptor: int) -> "Film":
        """The film open on a file descriptor."""
        return cls(av.open(open(descriptor, "rb"), mode="r"), live=False)

    @classmethod
    def of_camera(cls, device: str) -> "Film":
        """The camera at a device file, in the largest size that a webcam gives at speed."""
        if not device.startswith("/dev/"):
            return cls(av.open(device, mode="r"), live=True)  # a recording in the camera's place
        options = {"video_size": "1280x720", "framerate": "30"}
        try:
            return cls(av.open(device, format="v4l2", mode="r", options=options), live=True)
        except (OSError, ValueError):
            return cls(av.open(device, format="v4l2", mode="r"), live=True)

    def images(self, most: int, pixels: int) -> Iterator[Image.Image]:
        """The frames, grey.

        Args:
            most: How many frames of a film are looked at; a camera goes on.
            pixels: How large a frame may be.

        Raises:
            ValueError: A frame is larger.
        """
        for count, frame in enumerate(self._container.decode(self._stream)):
            if frame.width * frame.height > pixels:
                raise ValueError("frame too large")
            if count >= most and not self.live:
                return
            yield _grey(frame)


def _grey(frame: Any) -> Image.Image:  # noqa: ANN401 - av is untyped here
    """The luma plane as it is where the format has one, without conversion."""
    if frame.format.name not in _WITH_LUMA_PLANE:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    size = (frame.width, frame.height)
    return Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)
