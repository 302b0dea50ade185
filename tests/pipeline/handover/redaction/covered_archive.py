"""An archive in which a page of two posts, a photo, a document and a screenshot show what must be covered."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from crawlers.model.capture import Captured, Rendering, RenderingKind
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.media.decoder_pool import Decoders
from processors.pages.outcome import Classification, Outcome
from processors.pages.parse_result import Reading
from processors.records.telegram_post import Medium, Reply, TelegramPost
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.catalogue.records import records_of_capture, replace_reading, upsert_outcome
from storage.deposit.deposit import deposit_file
from storage.similarity.media import upsert_medium
from tests.access.conftest import picture
from tests.processors.redaction.test_moving import film
from tests.processors.redaction.test_regions import letters_pdf
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, response
from tests.storage.labelled_archive import Labelled, labelled_archive

PAGE = "https://t.me/s/vidac"
PHOTO = "https://cdn.example/vidac.png"
PORTRAIT = "https://cdn.example/portrait.jpg"
FILM = "https://cdn.example/vidac.mkv"
VOICE = "https://cdn.example/vidac.wav"
DOCUMENT = "https://courts.example/list.pdf"
NAME = "Аўгінка Пстрыкоўна"
TEXT = f"На плошчы {NAME.upper()} сказала пра 17 лістапада. Аўгінкі Пстрыкоўны няма."
LETTERS = "Auhinka Pstrykouna"
SEEN = b"<p>" + TEXT.encode() + b"</p><img src='" + PHOTO.encode() + b"'>"


@dataclass(frozen=True)
class CoveredArchive:
    """The archive with what can be covered in it; ``post`` is covered, ``other`` stands on the same page."""

    labelled: Labelled
    spool: Path
    page: Capture
    photo: Capture
    document: Capture
    screenshot: Capture
    portrait: Capture
    film: Capture
    voice: Capture
    post: str
    other: str

    @property
    def archive(self) -> Archive:
        return self.labelled.archive


@contextmanager
def covered_archive(
    postgres: PostgresServer, template: str, store: ObjectStoreServer, folder: Path, name: str
) -> Iterator[CoveredArchive]:
    """The archive in a database and a bucket of its own."""
    with labelled_archive(postgres, template, store, folder, name) as labelled:
        yield filled(labelled, folder)


def filled(labelled: Labelled, folder: Path) -> CoveredArchive:
    archive = labelled.archive
    source = replace(KANAL, id="vidac")
    photo = picture("PNG", 90)
    items: list[Captured] = [
        exchange(PAGE, response(SEEN), page_id="p1"),
        exchange(PHOTO, response(photo, "image/png")),
        exchange(DOCUMENT, response(letters_pdf(LETTERS, "nothing"), "application/pdf")),
        exchange(PORTRAIT, response(portrait(), "image/jpeg")),
        exchange(FILM, response(film_and_voice()[0], "video/x-matroska")),
        exchange(VOICE, response(film_and_voice()[1], "audio/wav")),
        Rendering("p1", PAGE, RenderingKind.FULL_PAGE, "image/png", screenshot(), NIGHT, "Chromium 156"),
    ]
    deposited = deposit_file(archive, crawl_one(folder / "spool-of-pages", items, source=source))
    with archive.reader.connect() as connection:
        found = {each.url: each for each in captures_in(connection, deposited.key)}
    with archive.writer.begin() as connection, Decoders(workers=1) as decoders:
        upsert_outcome(connection, found[PAGE].id, "test-1", Classification(Outcome.CONTENT, None))
        reading = Reading(
            url=PAGE,
            kind="telegram",
            outcome=Outcome.CONTENT,
            parser_version="test-1",
            records=(post(41, TEXT, Medium(kind="photo", url=PHOTO)), post(42, "Адказ: добра.", reply=TEXT)),
        )
        replace_reading(connection, found[PAGE], reading)
        upsert_medium(connection, found[PHOTO], decoders.fingerprint(photo), len(photo))
    with archive.reader.connect() as connection:
        posts = {
            each.content["post_id"]: each.record_id for each in records_of_capture(connection, found[PAGE].id)
        }
    shot = next(each for url, each in found.items() if url.startswith("urn:"))
    return CoveredArchive(
        labelled,
        folder / "copies",
        page=found[PAGE],
        photo=found[PHOTO],
        document=found[DOCUMENT],
        screenshot=shot,
        portrait=found[PORTRAIT],
        film=found[FILM],
        voice=found[VOICE],
        post=posts[41],
        other=posts[42],
    )


def screenshot() -> bytes:
    """A picture that is no other."""
    pixels = np.random.default_rng(11).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(file, "PNG")
    return file.getvalue()


def portrait() -> bytes:
    """A JPEG with an older look of it in its metadata, as cameras leave it (Exif 2.32, 4.5.5)."""
    seen = thumbnail()
    own = b"\0\0" + (14).to_bytes(4, "big")
    places = b"\x02\x01\0\x04" + (1).to_bytes(4, "big") + (44).to_bytes(4, "big")
    lengths = b"\x02\x02\0\x04" + (1).to_bytes(4, "big") + len(seen).to_bytes(4, "big")
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + own + b"\0\x02" + places + lengths + bytes(4) + seen
    return jpeg(patches(21, 240, 180), exif=exif)


def thumbnail() -> bytes:
    return jpeg(patches(22, 80, 60))


def patches(seed: int, width: int, height: int) -> Image.Image:
    """A picture of coarse patches, which stay when it is drawn small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(pixels, "RGB").resize((width, height), Image.Resampling.NEAREST)


def jpeg(image: Image.Image, **options: bytes) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@cache
def film_and_voice() -> tuple[bytes, bytes]:
    """A video with sound, and that sound alone."""
    with TemporaryDirectory() as folder:
        return film(Path(folder), 1)


def post(number: int, text: str, medium: Medium | None = None, reply: str | None = None) -> TelegramPost:
    return TelegramPost(
        url=f"https://t.me/vidac/{number}",
        channel="vidac",
        channel_id=-200,
        post_id=number,
        published_at=NIGHT,
        text=text,
        media=() if medium is None else (medium,),
        reply_to=None if reply is None else Reply(url="https://t.me/vidac/41", text=reply),
    )
