"""Every medium of the samples by its short name: pictures, videos, voice messages, documents.

``bridge/w800/q82`` is a picture (see ``pictures``), ``video:tram/320x240/6`` a video of six seconds,
``voice:12/7`` a recording of twelve seconds with serial number 7, ``pdf:Notice 14`` a document.
"""

import threading
from dataclasses import dataclass

from samples.media.document import pdf_bytes
from samples.media.mp4 import video_bytes
from samples.media.pictures import picture_bytes, picture_of
from samples.media.voice import voice_bytes

SUFFIXES = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/png": ".png"}


MAKING = threading.Lock()
"""One medium is made at a time: a second request for it finds it made, and memory stays small."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A medium's bytes and the content type its server gives."""

    content: bytes
    media_type: str


def picture_suffix(name: str) -> str:
    """The ending of a picture's file name, dot included; raises ``ValueError`` for a name that is no picture's."""
    return SUFFIXES[picture_of(name).media_type]


def made(name: str) -> MediaFile:
    """The medium of that name, made now unless it was made before."""
    kind, _, rest = name.rpartition(":")
    if kind == "video":
        scene_name, size, seconds = rest.split("/")
        width, height = (int(side) for side in size.split("x"))
        return MediaFile(video_bytes(scene_name, width, height, int(seconds)), "video/mp4")
    if kind == "voice":
        seconds, serial = rest.split("/")
        return MediaFile(voice_bytes(int(seconds), int(serial)), "audio/ogg")
    if kind == "pdf":
        return MediaFile(pdf_bytes(rest), "application/pdf")
    picture = picture_of(name)
    return MediaFile(picture_bytes(picture), picture.media_type)


def media_file(name: str) -> MediaFile:
    """The medium of that name; raises ``ValueError`` or ``KeyError`` for a name without one."""
    with MAKING:
        return made(name)
