"""What kind of thing bytes are, told by the bytes alone."""

import io
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.media.media_type import is_media, sniff


def zipped(*names: str, mimetype: str | None = None) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        if mimetype:
            archive.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "")
    return content.getvalue()


KINDS = [
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF89a", "image/gif"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
    (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1avifmiaf", "image/avif"),
    (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
    (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1", "video/mp4"),
    (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/quicktime"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
    (b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead", "audio/ogg"),
    (b"ID3\x03\x00", "audio/mpeg"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by --><svg:svg/>', "image/svg+xml"),
    (b"<!DOCTYPE html>\n<title>\xd0\xa1\xd1\x83\xd0\xb4</title>", "text/html"),
    (b"<rss version='2.0'>", "application/xml"),
    (
        zipped("[Content_Types].xml", "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        zipped("[Content_Types].xml", "xl/workbook.xml"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
        "application/vnd.oasis.opendocument.text",
    ),
    (zipped("datapackage.json", "archive/a.warc.gz"), "application/wacz"),
    (zipped("a.txt"), "application/zip"),
    (b"PK\x03\x04", "application/zip"),
    (b"", None),
    (b"\xff\xd8", None),
    (b"plain words", None),
    (bytes(100), None),
]


@pytest.mark.parametrize(("content", "expected"), KINDS, ids=[repr(content[:12]) for content, _ in KINDS])
def test_bytes_say_what_they_are(content: bytes, expected: str | None) -> None:
    assert sniff(content) == expected


@given(st.binary(max_size=300), st.sampled_from([content[:40] for content, _ in KINDS]))
def test_no_bytes_make_it_raise(noise: bytes, start: bytes) -> None:
    for content in (noise, start + noise):
        media_type = sniff(content)
        assert media_type is None or "/" in media_type


def test_a_page_of_comments_takes_no_time() -> None:
    started = time.perf_counter()
    sniff(b"<!-- -->" * 500 + b"<")
    assert time.perf_counter() - started < 1


def test_pictures_videos_and_sounds_are_media() -> None:
    assert [is_media(kind) for kind in ("image/png", "video/mp4", "audio/ogg", "text/html", None)] == [
        True,
        True,
        True,
        False,
        False,
    ]
