"""Which format a file has: bytes in, what PRONOM calls them out; names and declarations are not looked at."""

import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from processors.formats.file_format import EMPTY, NO_SIGNATURE, FileFormat, FormatIdentifier


@pytest.fixture(scope="module")
def identifier() -> Iterator[FormatIdentifier]:
    with FormatIdentifier() as made:
        yield made


def picture(kind: str) -> bytes:
    content = BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 40)).save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("PNG", ("fmt/11", "Portable Network Graphics", "1.0", "image/png")),
        ("JPEG", ("fmt/43", "JPEG File Interchange Format", "1.01", "image/jpeg")),
        ("GIF", ("fmt/3", "Graphics Interchange Format", "87a", "image/gif")),
        ("WEBP", ("fmt/566", "WebP", "Lossy", "image/webp")),
    ],
)
def test_a_picture_has_the_format_of_its_bytes(
    identifier: FormatIdentifier, kind: str, expected: tuple[str, ...]
) -> None:
    reading = identifier.identify(picture(kind))

    (found,) = reading.formats
    assert (found.pronom_id, found.name, found.version, found.media_type) == expected
    assert "byte match" in found.basis
    assert reading.reason is None
    assert reading.signatures is not None and "DROID_SignatureFile_V" in reading.signatures


def test_what_is_inside_a_container_is_looked_at(identifier: FormatIdentifier) -> None:
    document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        override = f'<Override PartName="/word/document.xml" ContentType="{document}.main+xml"/>'
        made.writestr("[Content_Types].xml", f'<?xml version="1.0"?><Types>{override}</Types>')
        made.writestr("word/document.xml", "<document/>")

    (found,) = identifier.identify(content.getvalue()).formats

    assert (found.pronom_id, found.version, found.media_type) == ("fmt/412", "2007 onwards", document)


def test_bytes_that_fit_no_signature_say_so(identifier: FormatIdentifier) -> None:
    reading = identifier.identify(b"\x00\x01\x02 no format at all")

    assert (reading.formats, reading.reason) == ((), NO_SIGNATURE)
    assert reading.to_json()["signatures"] == reading.signatures


def test_an_empty_file_says_so(identifier: FormatIdentifier) -> None:
    assert identifier.identify(b"").reason == EMPTY


def test_the_file_before_leaves_nothing_behind(identifier: FormatIdentifier) -> None:
    identifier.identify(picture("PNG"))

    (found,) = identifier.identify(picture("GIF")).formats

    assert found == FileFormat("fmt/3", "Graphics Interchange Format", "87a", "image/gif", found.basis)


def test_a_process_that_dies_on_a_file_costs_that_file_alone(identifier: FormatIdentifier) -> None:
    identifier.identify(picture("PNG"))
    worker = identifier._worker
    assert worker is not None
    worker.process.kill()

    lost = identifier.identify(picture("PNG"))
    (next_one,) = identifier.identify(picture("PNG")).formats

    assert lost.formats == () and lost.reason == "the decoder was killed on it"
    assert next_one.pronom_id == "fmt/11"
