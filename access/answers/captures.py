"""Answers about captures: one row of the index, one capture with everything known of it, its content as text."""

from typing import Any, Final, Literal

from pydantic import Field

from access.answers.model import Answer, DigestText, Rows, Timestamp
from access.answers.received import ReceivedFileRow

CAPTURE_ID: Final = "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"


class CaptureRow(Answer):
    """One row of the index: a response, resource, revisit or failure, and where it stands in the store."""

    kind: Literal["capture"] = "capture"
    id: str = Field(examples=[CAPTURE_ID])
    """The id, which can be cited."""
    url: str = Field(examples=["https://news.example/square"])
    """The URL that was asked for."""
    captured_at: Timestamp
    status: int | None = Field(examples=[200])
    """The HTTP status; null where there was no response."""
    media_type: str | None = Field(examples=["text/html"])
    """The media type as the site stated it."""
    block_digest: DigestText
    payload_digest: DigestText | None
    outcome: str | None = Field(examples=["content"])
    """What the page turned out to be; null: not classified yet, or no page."""
    outcome_reason: str | None
    """Why, in words."""
    warc_key: str = Field(examples=["warc/2026/11/20/kanal/01JD5PZ4T2V8M6Q3R9S7W1X0YA-00000.warc.gz"])
    """The key of the WARC file in the object store."""
    object_version: str
    """The version of that object."""
    offset: int
    """Where the record begins in the file, in bytes."""
    length_bytes: int
    """The length of the record in the file, compressed, in bytes."""
    crawl_id: str
    record_type: str = Field(examples=["response"])
    """The WARC record type."""
    source: str = Field(examples=["kanal"])
    """The id of the source."""
    truncated: str | None
    """Why the record is shorter than what the server meant to send; null: it is whole."""
    peer_address: str | None
    """The network address of the server."""
    refers_to_url: str | None
    """Of a revisit: the URL whose payload it has."""
    refers_to_at: Timestamp | None
    """Of a revisit: when that payload was captured."""
    within_bytes: int | None
    """Decompressed bytes before the record in a compressed member that it shares with others."""


class CaptureRows(Rows):
    """Captures of a URL, the oldest first."""

    rows: list[CaptureRow]


class AddressRow(Answer):
    """A captured URL."""

    kind: Literal["address"] = "address"
    url: str
    captures: int
    """How often it was captured."""
    first_at: Timestamp
    last_at: Timestamp


class AddressRows(Rows):
    """Captured URLs that begin with a text, in the order of their SURT keys."""

    rows: list[AddressRow]


class CapturePlace(Answer):
    """The capture of the same URL before or after."""

    id: str
    captured_at: Timestamp


class CompletenessItemRow(Answer):
    """One item of the list of the Berkeley Protocol (paragraph 155)."""

    item: str = Field(examples=["full_page"])
    state: Literal["has", "partly", "no"]
    reason: str = Field(examples=["page_view"])
    """A name of the reason that does not change."""
    values: dict[str, Any]
    """What the reason names: counts, the source."""
    why: str
    """The reason as a sentence."""


class Completeness(Answer):
    """How complete a capture is: what was collected, not whether it is true."""

    items: list[CompletenessItemRow]
    has: int
    partly: int
    no: int
    complete_with: Literal["browser", "http"] | None
    """The engine that would bring what is missing; null: nothing is missing that one could bring."""
    complete_at_once: bool
    """Whether that needs no further word; false: the form has to name the case or the readers."""


class MissingResource(Answer):
    """Something that a browser requested for a page and that was not recorded, or not whole."""

    method: str | None
    url: str | None
    type: str | None
    """The browser's word: `image`, `script`, `fetch`, `websocket` and others."""
    outcome: str | None
    """`cut`, `no_response`, `failed`, `unfinished` or `unrecorded`."""
    reason: str | None


class RejectedConsent(Answer):
    """What came of rejecting what a page's consent dialog asked for."""

    outcome: str
    """`rejected`, `no_dialog`, `stopped` (a click would have done more than reject) or `failed`."""
    platform: str | None
    reason: str | None


class StepDone(Answer):
    """What came of one step that a source declares for its pages."""

    step: str | None
    """As declared: `click: button.more`."""
    outcome: str | None
    """`done`, `not_found`, `timed_out`, `failed`, or `not_done` (the page was lost before)."""
    times: int
    """How often it was done."""
    reason: str | None


class PageResources(Answer):
    """What a browser requested while it showed a page, as its record (`urn:pageinfo:`) lists it."""

    total: int
    recorded: int
    missing: list[MissingResource]
    """Up to 500 of those that were not recorded whole."""
    capture_id: str
    """The capture of the record."""
    consent: RejectedConsent | None
    """What came of rejecting its consent dialog; null: dialogs were left as they stand."""
    steps: list[StepDone]
    """What came of each step that its source declares, in their order; empty where it declares none."""
    browser_reason: str | None
    """Why the page was turned to the browser; null: its source has all pages loaded by it."""


class VideoFile(Answer):
    """A file of a video, or the manifest of its stream."""

    url: str | None
    height: int | None
    """How many lines the picture has, as the site says."""
    taken: bool
    """Whether it came whole, with all its segments."""
    capture_id: str | None
    """Its capture; null: there is none."""


class PageVideo(Answer):
    """One video or audio that was found behind a player."""

    title: str | None
    outcome: str
    reason: str | None
    """Why it was not taken, or not whole."""
    duration_s: float | None
    """How long it lasts, as its site or its manifest says."""
    files: list[VideoFile]
    """The formats that were chosen."""
    subtitles: list[str]
    """The languages of the subtitles that were taken."""


class PageVideos(Answer):
    """What came of looking for video and audio behind a page's players, as its record (`urn:videoinfo:`) says."""

    outcome: str
    """`taken`, `part`, `none` (there is none), `over_limit` or `failed`."""
    reason: str | None
    """Why not everything was taken."""
    found: int
    """How many videos were found."""
    found_more: bool
    """Whether there are more, which the limit of videos left."""
    bytes: int
    """How many bytes were received."""
    tool: str
    """The program that looked for them, with its version."""
    capture_id: str
    """The capture of the record."""
    videos: list[PageVideo]


class QualityPart(Answer):
    """One comparison of a replay with its capture."""

    name: Literal["screenshot", "text", "resources"]
    value: float | None = Field(ge=0, le=1)
    """From 0, nothing is there again, to 1, all of it; null: it was not compared."""
    reason: str | None
    """Why it was not compared."""


class Quality(Answer):
    """How much of what was seen at capture is there again when it is replayed."""

    kind: Literal["quality"] = "quality"
    capture_id: str
    score: float | None = Field(ge=0, le=1)
    """The mean of the parts; null: nothing could be compared."""
    reason: str | None
    """Why there is no score, or why the page is 0."""
    parts: list[QualityPart]
    scripts: Literal["ran", "off"]
    """Whether the replay ran the scripts of the page."""
    leaks: list[str]
    """Addresses outside the archive that the page tried to reach; nothing got through."""
    tools: dict[str, str]
    """The method of comparing, and versions."""
    measured_at: Timestamp


class RedirectsTo(Answer):
    """Where a captured redirect leads."""

    url: str
    capture_id: str | None
    """The first capture of that address by the same crawl from then on; null: there is none."""


class CopyOf(Answer):
    """Of which page another web archive served a copy."""

    archive: str
    """The host of that archive."""
    url: str
    """The address of the page, which this archive did not capture thereby."""
    stated_at: str
    """The moment of the copy, in UTC, as its address states it, as far as it does."""


class EarlierReadingRow(Answer):
    """What an earlier parser had read of a capture, where it differs from what a later one read."""

    capture_id: str
    """The capture, or the rendering of it that was read."""
    url: str
    captured_at: Timestamp
    source_id: str
    earlier: str
    """The parser that had read it."""
    later: str
    """The parser that took its place."""
    read_again_at: Timestamp
    outcome: str
    """What the page came to before."""
    outcome_reason: str | None
    problem: str | None
    """Why it could not be read before; null: it could."""
    records: int
    """How many records were read of it before."""
    differences: list[dict[str, Any]]
    """Each record that is read otherwise: how, which, the keys that differ, and the record as it was read."""


class CaptureFacts(Answer):
    """One capture with everything that is known of it."""

    kind: Literal["capture_facts"] = "capture_facts"
    capture: CaptureRow
    exchange: dict[str, Any]
    """What was seen on the wire besides the bytes: TLS facts, times."""
    interim_answers: list[Any]
    """The 1xx responses before the final one."""
    custody: list[dict[str, Any]]
    """The entries of custody about its WARC file, its crawl and the code that read it."""
    holding: dict[str, Any] | None
    """How its file is stored: copies, locks, trusted timestamps."""
    received: list[ReceivedFileRow]
    """Of a file that people brought: each receipt, the oldest first. The collector observed nothing of it."""
    facts: list[dict[str, Any]]
    """The facts of collection that custody states."""
    records: list[dict[str, Any]]
    """What was read from it."""
    reading_problem: str | None
    """Why it could not be read; null: it was read, or is no page."""
    earlier_readings: list[EarlierReadingRow]
    """What parsers of earlier versions had read otherwise, the oldest first."""
    renderings: list[CaptureRow]
    """What the crawl made of the page: screenshots, DOM, text."""
    medium: DigestText | None
    """The digest under which it is known as a picture or video."""
    payload_capture_id: str | None
    """Of a revisit: the capture that holds its payload."""
    picture: bool
    """Whether a browser can draw it."""
    depicts_capture_id: str | None
    """Of a rendering: the exchange from which it was made."""
    before: CapturePlace | None
    after: CapturePlace | None
    resources: PageResources | None
    """What a browser requested while it showed the page; null: no browser showed it."""
    videos: PageVideos | None
    """What came of looking for video and audio behind its players; null: none was looked for."""
    quality: Quality | None
    """How like it a replay was; null: none was compared with it yet."""
    copy_of: CopyOf | None
    """Of which page this is a copy that another web archive served; null: it is none."""
    redirects_to: RedirectsTo | None
    """Where it leads; null: it is no redirect."""
    completeness: Completeness


class CaptureText(Answer):
    """The content of a capture as text: what a reader sees of a page, or the text as it stands."""

    kind: Literal["capture_text"] = "capture_text"
    capture: CaptureRow
    head: str | None
    """The server's head as it stands in the record."""
    text: str | None
    encoding: str | None
    """The encoding in which the text was decoded."""
    cut: bool
    """Whether the text goes on behind what is given here."""
    why_not: str | None
    """Why there is no text; null: there is."""
    can_be_saved: bool
    """Whether the content can be downloaded."""
    markup: bool | None
    """Whether this is the markup of a page (true) or its text alone (false); null: it is no page."""
    unread: str | None
    """Why there is markup instead of text."""
