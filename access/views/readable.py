"""One capture as an article: text in a closed set of blocks, its pictures from the archive, its posts.

In: the archive, a capture id, whom the answer is for. Out: `ReadableCapture`; that it was shown stands in the
access log first. Pages and documents are read by confined processes (`processors.pages.readable_page`,
`processors.documents.sandboxed_reader`), JSON is laid out, other text stays as it stands. Pictures are shown where
the same crawl captured them, and the viewer may see that capture.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from access.rendering.translations import gettext
from access.views.captures import logged_capture
from access.views.media import media_of_record
from access.views.payload import READ_LIMIT_BYTES, TEXT_LIMITS, captured_content, is_page, is_text
from access.views.safe_images import may_be_picture
from access.views.search import record_row
from access.views.surroundings import image_of
from access.views.video_frames import picture_path
from crawlers.model.capture import RenderingKind
from processors.documents.sandboxed_reader import DocumentReader
from processors.http.message import UndecodableEntity
from processors.markup.encoding import decode
from processors.media.media_type import sniff
from processors.pages.page import Page
from processors.pages.readable_document import readable_document
from processors.pages.readable_page import ReadableBlock, ReadablePage, preformatted_page
from processors.parsing.parsers import PageNotRead
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.tables.document import DocumentLimits
from processors.tables.document_type import document_type
from processors.text import printable
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, captures_of
from storage.catalogue.dom_renderings import doms_of_exchange
from storage.catalogue.records import records_of_capture
from storage.catalogue.revisits import payload_capture
from storage.deposit.record_reader import BlockTooLargeError, read_record
from storage.queries.record_media import fetched_with
from storage.similarity.media import medium, medium_of_capture, sniffed_type

DOCUMENT_LIMITS: Final = DocumentLimits(content_bytes=32 << 20, pages=300, seconds=30.0, memory_bytes=1 << 30)
"""Somebody waits for the answer, and text in scanned pages takes longer to read than they would."""
MOST_POSTS: Final = 100
_AT_ONCE: Final = threading.Semaphore(2)
"""Each reading takes a process of its own."""
_POST: Final = "telegram_post"


@dataclass(frozen=True, slots=True)
class ReadableCapture:
    """``page`` is None where there is nothing to read, and ``why_not`` says why.

    ``pictures``: by the address of a picture on the page, the path that draws it, None where it was captured and
    cannot be drawn; an address that is missing was not captured. ``posts``: records of posts with their ``media``.
    """

    capture: Capture
    page: ReadablePage | None
    why_not: str | None = None
    pictures: Mapping[str, str | None] = field(default_factory=dict)
    posts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class BlockGroup:
    """Blocks that follow each other and are shown as one: ``kind`` is that of all of them."""

    kind: str
    blocks: tuple[ReadableBlock, ...]


def readable_capture(
    archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE, with_media: bool = True
) -> ReadableCapture | None:
    """The capture as an article; None where the viewer has none of this name."""
    capture = logged_capture(archive, capture_id, viewer, "shown")
    if capture is None:
        return None
    try:
        content = _content_of(archive, capture, viewer)
    except BlockTooLargeError:
        return ReadableCapture(capture, None, gettext("The content is too large to show. Download it instead."))
    except UndecodableEntity as problem:
        return ReadableCapture(
            capture, None, gettext("The content could not be decoded: %(reason)s.", reason=problem.reason)
        )
    if content is None:
        return ReadableCapture(capture, None, gettext("There is no content: the server sent none."))
    try:
        page = _read(capture, content)
    except PageNotRead as problem:
        why = gettext("The text could not be extracted: %(reason)s.", reason=problem)
        return ReadableCapture(capture, None, why)
    if page is None:
        media_type = sniff(content) or capture.media_type or gettext("unknown")
        why = gettext("The content is not text (type %(media_type)s). Download it instead.", media_type=media_type)
        return ReadableCapture(capture, None, why)
    if not with_media:
        return ReadableCapture(capture, page)
    pictures = _pictures(archive, capture, page.blocks, viewer)
    return ReadableCapture(capture, page, None, pictures, _posts(archive, capture, viewer))


def parts_of(blocks: Iterable[ReadableBlock]) -> list[tuple[bool, list[BlockGroup]]]:
    """Blocks in their order, those together that surround the article (True) or do not."""
    return [
        (around, list(_groups(together))) for around, together in groupby(blocks, key=lambda block: block.around)
    ]


def _groups(blocks: Iterable[ReadableBlock]) -> Iterator[BlockGroup]:
    """Items and quotes that follow each other are one group, others stand alone."""
    for kind, together in groupby(blocks, key=lambda block: block.kind):
        if kind in ("item", "quote"):
            yield BlockGroup(kind, tuple(together))
        else:
            yield from (BlockGroup(kind, (block,)) for block in together)


def addresses_in(page: ReadablePage) -> dict[str, int]:
    """The addresses that the text links to, each with its number, from 1 in the order of the page."""
    runs = (
        run
        for block in page.blocks
        for part in (block.runs, *(cell.runs for row in block.rows for cell in row.cells))
        for run in part
    )
    found = dict.fromkeys(run.address for run in runs if run.address)
    return {address: number for number, address in enumerate(found, 1)}


def screenshots_of(archive: Archive, capture: Capture, *, viewer: Viewer = EVERYONE) -> list[Capture]:
    """The screenshots of an exchange, the whole page first; a screenshot is its own."""
    return _renderings(archive, capture, (RenderingKind.FULL_PAGE, RenderingKind.VIEW), viewer)


def dom_of(archive: Archive, capture: Capture, *, viewer: Viewer = EVERYONE) -> Capture | None:
    """The rendering of the final DOM of the page in this exchange."""
    return next(iter(_renderings(archive, capture, (RenderingKind.DOM,), viewer)), None)


def _renderings(
    archive: Archive, capture: Capture, kinds: Iterable[RenderingKind], viewer: Viewer
) -> list[Capture]:
    found = []
    with archive.reader.connect() as connection:
        exchange = capture
        if capture.record_type == "resource" and capture.refers_to_id:
            exchange = capture_by_id(connection, capture.refers_to_id, viewer=viewer) or capture
        for kind in kinds:
            if capture.url.startswith(f"urn:{kind.value}:"):
                found.append(capture)
                continue
            made = [
                each
                for each in captures_of(connection, f"urn:{kind.value}:{exchange.url}", viewer=viewer)
                if each.crawl_id == exchange.crawl_id
            ]
            own = [each for each in made if each.refers_to_id == exchange.id]
            found += (own or made)[-1:]
    return found


def _content_of(archive: Archive, capture: Capture, viewer: Viewer) -> bytes | None:
    limit = DOCUMENT_LIMITS.content_bytes
    block = read_record(archive, capture, limit_bytes=limit).block
    return captured_content(archive, capture, block, viewer, limit)


def _read(capture: Capture, content: bytes) -> ReadablePage | None:
    """The content as an article; None of what is no text. Raises `PageNotRead`."""
    if not is_page(content, capture.media_type) and document_type(content, capture.media_type) is not None:
        with _AT_ONCE, DocumentReader(DOCUMENT_LIMITS) as reader:
            document = reader.read(content, capture.media_type)
        return None if document is None else readable_document(document)
    if not is_text(content, capture.media_type):
        return None
    content = content[:READ_LIMIT_BYTES]
    if is_page(content, capture.media_type):
        page = Page(
            url=_address_of(capture),
            body=content,
            captured_at=capture.captured_at,
            status=capture.status,
            content_type=capture.media_type,
        )
        with _AT_ONCE, ConfinedParsers(TEXT_LIMITS) as parsers:
            return parsers.readable_page(page)
    text = printable(decode(content, capture.media_type).text)
    return preformatted_page(_laid_out(text) if "json" in (capture.media_type or "") else text)


def _address_of(capture: Capture) -> str:
    """The address against which links are resolved; of a rendering, that of the page that it was made from."""
    if capture.url.startswith("urn:"):
        return capture.url.split(":", 2)[-1]
    return capture.url


def _laid_out(text: str) -> str:
    """JSON with one value on each line; as it stands where it is none."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _pictures(
    archive: Archive, capture: Capture, blocks: Iterable[ReadableBlock], viewer: Viewer
) -> dict[str, str | None]:
    urls = {block.address for block in blocks if block.address}
    if not urls:
        return {}
    with archive.reader.connect() as connection:
        fetched = fetched_with(connection, urls, capture.id, viewer=viewer)
        found: dict[str, str | None] = {}
        for url, each in fetched.items():
            holder = payload_capture(connection, each, viewer=viewer)
            drawn = holder is not None and may_be_picture(holder, sniffed_type(connection, holder.id))
            digest = medium_of_capture(connection, each.id)
            known = None if digest is None else medium(connection, digest)
            found[url] = picture_path(each.id) if drawn else image_of(known, each.id)
    return found


def _posts(archive: Archive, capture: Capture, viewer: Viewer) -> tuple[dict[str, Any], ...]:
    """The posts that were read from the capture, or from the DOM that its page became, with their media."""
    with archive.reader.connect() as connection:
        sightings = [
            sighting
            for each in (capture.id, *doms_of_exchange(connection, capture.id))
            for sighting in records_of_capture(connection, each, viewer=viewer)
            if sighting.kind == _POST
        ][:MOST_POSTS]
    rows = []
    for sighting in sightings:
        media = media_of_record(archive, sighting.content, capture.id, viewer=viewer)
        with archive.reader.connect() as connection:
            for each in media:
                own = each["capture_id"]
                digest = None if own is None else medium_of_capture(connection, own)
                known = None if digest is None else medium(connection, digest)
                each["image"] = picture_path(own) if each["picture"] and own else own and image_of(known, own)
                each["duration_s"] = None if known is None else known.duration_s
        rows.append(record_row(sighting) | {"media_shown": media})
    return tuple(rows)
