import io
import zlib

import numpy as np
import pdfplumber
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from processors.redaction.pages import NotDrawableError, opened_pages
from processors.redaction.regions import Pixels, box_of, covered, pdf_of, png_of
from processors.redaction.steps import CoveredRegion, CoverStyle

SIDES = st.floats(0, 1)


@st.composite
def region(draw: st.DrawFn) -> CoveredRegion:
    left, right = sorted((draw(SIDES), draw(SIDES)))
    top, bottom = sorted((draw(SIDES), draw(SIDES)))
    return CoveredRegion(left, top, right, bottom, style=draw(st.sampled_from(CoverStyle)))


def noise(seed: int, height: int = 120, width: int = 160) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=60)
@given(regions=st.lists(region(), min_size=1, max_size=4), seed=st.integers(0, 9), is_lossy=st.booleans())
def test_what_comes_out_does_not_depend_on_a_pixel_below_a_region(
    regions: list[CoveredRegion], seed: int, is_lossy: bool
) -> None:
    original, other = noise(seed), noise(seed)
    for each in regions:
        box = box_of(each, 160, 120)
        other[box.top : box.bottom, box.left : box.right] = noise(seed + 100)[
            box.top : box.bottom, box.left : box.right
        ]
    one, two = (covered(each, regions, is_lossy=is_lossy) for each in (original, other))
    assert png_of(one) == png_of(two)
    assert pdf_of([(one, 150.0)]) == pdf_of([(two, 150.0)])


HERE = CoveredRegion(0.3, 0.3, 0.5, 0.55)


def two_that_differ_below(seed: int) -> tuple[Pixels, Pixels]:
    box, first = box_of(HERE, 160, 120), noise(seed)
    second = first.copy()
    second[box.top : box.bottom, box.left : box.right] = noise(seed + 1)[
        : box.bottom - box.top, : box.right - box.left
    ]
    return first, second


def encoded(pixels: Pixels, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(file, kind, **options)
    return file.getvalue()


def redacted(content: bytes, media_type: str) -> bytes:
    with opened_pages(content, media_type) as pages:
        return png_of(covered(pages.page(1), [HERE], is_lossy=pages.is_lossy))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 80}),
        ("JPEG", {"quality": 25, "progressive": True, "subsampling": 2}),
        (
            "JPEG",
            {"quality": 90, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"},
        ),
    ],
)
def test_two_files_that_differ_only_below_the_region_give_the_same_bytes(
    kind: str, options: dict[str, object]
) -> None:
    first, second = two_that_differ_below(7)
    if "exif" in options:  # turned by its orientation: the region lies on the upright picture
        first, second = (np.ascontiguousarray(np.rot90(each, 1)) for each in (first, second))
    one, two = (encoded(each, kind, **options) for each in (first, second))
    assert one != two
    assert redacted(one, f"image/{kind.lower()}") == redacted(two, f"image/{kind.lower()}")


def test_a_copy_has_no_metadata_thumbnail_profile_or_transparency() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Jan Sample at home"
    file = io.BytesIO()
    picture = Image.fromarray(noise(3), "RGB")
    picture.save(file, "JPEG", exif=exif, icc_profile=b"a profile that says Jan Sample", comment=b"Jan Sample")
    copy = redacted(file.getvalue(), "image/jpeg")
    with Image.open(io.BytesIO(copy)) as opened:
        assert (opened.format, opened.mode, dict(opened.info), len(opened.getexif())) == ("PNG", "RGB", {}, 0)
    chunks, at = [], 8
    while at < len(copy):
        chunks.append(copy[at + 4 : at + 8])
        at += 12 + int.from_bytes(copy[at : at + 4], "big")
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}

    hidden = Image.new("RGBA", (40, 40), (200, 10, 10, 0))  # colour below full transparency
    file = io.BytesIO()
    hidden.save(file, "PNG")
    with Image.open(io.BytesIO(redacted(file.getvalue(), "image/png"))) as opened:
        assert opened.getpixel((1, 1)) == (255, 255, 255)


def test_pages_of_a_pdf_become_pictures_without_any_letters() -> None:
    letters = letters_pdf("Jan Sample", "paid 500")
    with pdfplumber.open(io.BytesIO(letters)) as pdf:
        assert "Jan Sample" in (pdf.pages[0].extract_text() or "")
    with opened_pages(letters, "application/pdf") as pages:
        drawn = [
            (covered(pages.page(number), [CoveredRegion(0, 0, 1, 0.5)], is_lossy=False), pages.dots_per_inch)
            for number in (1, 2)
        ]
    copy = pdf_of(drawn)
    with pdfplumber.open(io.BytesIO(copy)) as pdf:
        assert [page.chars for page in pdf.pages] == [[], []]
        assert [(round(float(page.width)), round(float(page.height))) for page in pdf.pages] == [(300, 200)] * 2
        assert pdf.metadata == {}
    streams = copy.split(b"stream\n")[1::2]
    unpacked = [zlib.decompress(each) for each in streams if each[:1] == b"x"]
    assert len(unpacked) == 2 and not any(b"Sample" in each for each in (copy, *unpacked))
    with opened_pages(copy, "application/pdf") as again:
        assert np.array_equal(again.page(1)[: drawn[0][0].shape[0] // 2 - 2].max(), np.uint8(0))


@pytest.mark.parametrize(
    ("content", "media_type", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\nbroken", "image/png", "cannot be drawn"),
        (b"%PDF-1.4 broken", "application/pdf", "cannot be read"),
        (b"<svg/>", "image/svg+xml", "cannot be covered"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_words(content: bytes, media_type: str, sentence: str) -> None:
    with pytest.raises(NotDrawableError, match=sentence), opened_pages(content, media_type) as pages:
        pages.page(1)


def letters_pdf(*texts: str) -> bytes:
    """A PDF with one line of letters on each page."""
    count = len(texts)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(texts):
        drawn = f"BT /F1 18 Tf 30 150 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    content = "%PDF-1.4\n"
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(content))
        content += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    return (
        f"{content}xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
        f"startxref\n{len(content)}\n%%EOF\n"
    ).encode()
