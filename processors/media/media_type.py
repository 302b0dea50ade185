"""Media: what kind of thing the bytes are, told by the bytes alone, and what was read from them.

``sniff`` never asks a URL or a header: both lie on the pages this project reads. The kinds that occur every
night are told here; ``puremagic`` knows the rest, and its weak guesses (two bytes that happen to fit) are not
taken. Signatures after the WHATWG MIME Sniffing Standard, the ISO-BMFF brand register (mp4ra.org) and OPC/ODF,
read 2026-11-23.
"""

import io
import re
import zipfile
from dataclasses import dataclass

import puremagic

from processors.digest import Digest
from processors.fingerprints.fingerprint import Fingerprint

DAMAGE = "damaged"
"""Name of the first note on a file of which only a part can be shown; the reader itself wrote it."""


@dataclass(frozen=True, slots=True)
class MediaFingerprints:
    """What was read from one media file.

    ``width`` and ``height`` in pixels of the upright picture; ``frames`` more than 1 for animated pictures;
    ``duration_s`` seconds of video or animation; ``metadata`` what the file says of itself (EXIF, container),
    as (name, value) in file order; ``decoder`` the software that read it, with version.
    ``refused`` says in words why there are no hashes; None where the file was read.
    """

    sha256: Digest
    media_type: str | None
    width: int | None
    height: int | None
    hashes: tuple[Fingerprint, ...]
    refused: str | None
    frames: int | None = None
    duration_s: float | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    decoder: str | None = None

    @property
    def damage(self) -> str | None:
        """What is wrong with the bytes, and how much of the picture they show; None of a whole file."""
        return next((value for name, value in self.metadata[:1] if name == DAMAGE), None)


STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
)
RIFF_FORMS = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3gp6": "video/3gpp",
}
BITMAP_HEADERS = tuple(bytes([length, 0, 0, 0]) for length in (12, 40, 52, 56, 64, 108, 124))
OFFICE_FOLDERS = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
ROOT_ELEMENT = re.compile(
    # atomic and possessive: a page of comments must not make the pattern try every way to split them
    rb"\A(?>\s+|<\?.*?\?>|<!--.*?-->|<!doctype[^>\[]*(?:\[.*?\]\s*)?>)*+<([a-z][\w:.-]*)",
    re.DOTALL | re.IGNORECASE,
)
XML_ROOTS = frozenset({b"rss", b"feed", b"rdf:rdf", b"urlset", b"sitemapindex"})
TEXT_HEAD_BYTES = 4096
WEAKEST_GUESS = 0.5
"""puremagic's confidence for a signature of about five bytes; shorter ones match noise (tried 2026-11-23)."""


def sniff(content: bytes) -> str | None:
    """Media type of the bytes, or None where they do not say; never raises."""
    for start, media_type in STARTS:
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] in RIFF_FORMS:
        return RIFF_FORMS[content[8:12]]
    if content[4:8] == b"ftyp":
        return _bmff(content)
    if content[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in content[:64] else "video/x-matroska"
    if content[:2] == b"BM" and content[6:10] == bytes(4) and content[14:18] in BITMAP_HEADERS:
        return "image/bmp"
    if content[:1] == b"\x47" and content[188:189] == content[376:377] == b"\x47":
        return "video/mp2t"
    if content[:4] == b"OggS":
        return "video/ogg" if b"theora" in content[:64] else "audio/ogg"
    if content[:4] == b"PK\x03\x04":
        return _zip(content)
    return _markup(content) or _guess(content)


def is_media(media_type: str | None) -> bool:
    """Whether a type is one that is kept as a medium: a picture, video or sound."""
    return media_type is not None and media_type.partition("/")[0] in ("image", "video", "audio")


def _bmff(content: bytes) -> str:
    """The major brand decides; a general one (``mif1``) is narrowed by the compatible brands."""
    length = int.from_bytes(content[:4], "big")
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, min(length, len(content), 256), 4))]
    if brands[0] in (b"mif1", b"msf1"):
        return next((BRANDS[brand] for brand in brands[1:] if BRANDS.get(brand) in _STILL), "image/heif")
    return BRANDS.get(brands[0], "video/mp4")


_STILL = ("image/avif", "image/heic")


def _zip(content: bytes) -> str:
    """A zip says what it is by the names in it: office documents, OpenDocument, EPUB, WACZ."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 128:
                return archive.read("mimetype").decode("ascii").strip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        return "application/zip"
    if "[Content_Types].xml" in names:
        for folder, media_type in OFFICE_FOLDERS:
            if any(name.startswith(folder) for name in names):
                return media_type
    if "datapackage.json" in names and any(name.startswith("archive/") for name in names):
        return "application/wacz"
    return "application/zip"


def _markup(content: bytes) -> str | None:
    """HTML, SVG and other XML by the first element after declarations and comments."""
    head = content[:TEXT_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode()
    if not head.lstrip().startswith(b"<"):
        return None
    root = ROOT_ELEMENT.match(head)
    name = root[1].lower() if root else b""
    if name.rpartition(b":")[2] == b"svg":
        return "image/svg+xml"
    if name == b"html" or re.match(rb"\s*<!doctype\s+html", head, re.IGNORECASE):
        return "text/html"
    return "application/xml" if name in XML_ROOTS or head.lstrip().startswith(b"<?xml") else None


def _guess(content: bytes) -> str | None:
    try:
        guesses = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return None
    best = max(guesses, key=lambda guess: (guess.confidence, guess.byte_match or b""), default=None)
    return best.mime_type or None if best is not None and best.confidence >= WEAKEST_GUESS else None
