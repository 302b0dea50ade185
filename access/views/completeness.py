"""How complete a capture is, item by item after the Berkeley Protocol: what is there, what is missing, and why.

In: what `access.views.captures` knows of one capture. Out: a JSON-ready row: ``items`` with ``state`` (``has``,
``partly``, ``no``) and the reason, how many of each, and the engine with which a new capture would bring what is
missing. Nothing is fetched and nothing is judged: the items say what was collected, not whether it is true.
Source: Berkeley Protocol on Digital Open Source Investigations (OHCHR and UC Berkeley, 2022), paragraph 155.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from access.rendering.translations import N_, gettext
from access.views.media import media_of_record
from crawlers.model.capture import RenderingKind
from crawlers.model.exchange import Fidelity
from processors.urls import is_address
from storage.access_labels import DEFAULT_LABEL, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.deposit.origin import CRAWL
from storage.ledger.received_files import is_received_file
from storage.queries.surroundings import pages_linking_to, records_showing

HAS: Final = "has"
PARTLY: Final = "partly"
NO: Final = "no"

PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
"""Media types of pages, which may embed other things."""
ASKED_BY: Final = "request"
"""The fact of a collection that names the request which led to it."""

REASONS: Final[Mapping[str, str]] = {
    "url_requested": N_("The address that was requested is recorded with the exchange."),
    "url_stated": N_("The address is what the imported file states."),
    "url_none": N_("A person brought the file, so it has no address of its own."),
    "source_whole": N_("What the server sent is kept to the byte."),
    "source_by_browser": N_("What the browser decoded is kept, not what the server sent."),
    "source_file": N_("The file is kept to the byte."),
    "source_cut": N_("The record is shorter than what the server meant to send: %(reason)s"),
    "source_derived": N_("This is a file that the collector made, not what the server sent."),
    "source_missing": N_("No answer of a server is kept."),
    "page_whole": N_("A screenshot of the whole page was made."),
    "page_view": N_("A screenshot of the first view was made, not of the whole page."),
    "page_missing": N_("No screenshot of the page was made."),
    "page_file": N_("This is a file, not a page. Its bytes are all there is to show."),
    "media_all": N_("All named pictures and files (%(count)s) were fetched by the same crawl."),
    "media_some": N_("Of the named pictures and files (%(count)s), the same crawl fetched %(fetched)s."),
    "media_none": N_("None of the named pictures and files (%(count)s) was fetched by the same crawl."),
    "media_browser": N_(
        "A browser loaded the page with what is embedded in it. It is not known whether all of it came."
    ),
    "media_unknown": N_("The page was fetched without what may be embedded in it."),
    "media_file": N_("This is a file by itself. Nothing is embedded in it that had to be fetched."),
    "media_failed": N_("There is no page whose media could be fetched."),
    "metadata_by_browser": N_("Heads, times and encryption are kept as the browser reports them."),
    "metadata_exchange": N_("Head of the answer, times, network address and encryption are kept."),
    "metadata_head": N_(
        "Only what the record itself states is kept. The collector's own observations are missing."
    ),
    "metadata_missing": N_("There was no answer that could have metadata."),
    "context_known": N_("What led to the capture, or stands beside it, is known."),
    "context_received": N_("From whom the file came and what they said of it is recorded in custody."),
    "context_source": N_("Only the source is known: %(source)s."),
    "collection_known": N_("All facts of the collection (%(count)s) are known."),
    "collection_some": N_("Of the facts of the collection (%(count)s), %(known)s are known."),
    "collection_missing": N_("Custody states no facts of the collection."),
    "hash_collected": N_("The crawl that collected the record made the digest when it wrote the record."),
    "hash_imported": N_("The digest was made at the import, not at the collection."),
    "hash_received": N_("The digest was made when the file was brought into the archive."),
    "hash_missing": N_("No digest is confirmed by custody."),
}
"""Why an item has its state, by the name under which programs and the reports of hand-overs know it."""


@dataclass(frozen=True, slots=True)
class CompletenessItem:
    """One item of the list: its name, its state, and the reason with the values that it names."""

    item: str
    state: str
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The item with ``why``, the reason as a sentence in the reader's language."""
        return {
            "item": self.item,
            "state": self.state,
            "reason": self.reason,
            "values": dict(self.values),
            "why": gettext(REASONS[self.reason], **self.values),
        }


def completeness(
    archive: Archive, capture: Capture, facts: Mapping[str, Any], *, viewer: Viewer
) -> dict[str, Any]:
    """The items of a capture; ``facts`` are those of `access.views.captures.capture_facts`.

    ``complete_with`` is the engine that would bring what is missing when the address is archived again, None where
    nothing is missing that it could bring; ``complete_at_once``: whether that needs no further word, since only
    what is archived for a case, or for some readers alone, must name it.
    """
    items = (
        _url(capture, facts),
        _source_code(capture, facts),
        _full_page(capture, facts),
        _embedded_media(archive, capture, facts, viewer),
        _metadata(capture, facts),
        _context(archive, capture, facts, viewer),
        _collection_data(facts),
        _hash(capture, facts),
    )
    states = [each.state for each in items]
    return {
        "items": [each.as_json() for each in items],
        **{state: states.count(state) for state in (HAS, PARTLY, NO)},
        "complete_with": _complete_with(capture, items),
        "complete_at_once": capture.access_label == DEFAULT_LABEL,
    }


def _complete_with(capture: Capture, items: tuple[CompletenessItem, ...]) -> str | None:
    if not capture.url.startswith(("http://", "https://")) or not is_address(capture.url):
        return None
    state = {each.item: each.state for each in items}
    if any(each.reason == "source_by_browser" for each in items):
        return None  # it was taken without the recorder, which the site may refuse
    if state["full_page"] != HAS or state["embedded_media"] != HAS:
        return "browser"
    return None if state["source_code"] == HAS else "http"


def _url(capture: Capture, facts: Mapping[str, Any]) -> CompletenessItem:
    if _is_received_file(capture, facts):
        return CompletenessItem("url", NO, "url_none")
    imported = _imported(facts)
    return CompletenessItem("url", PARTLY if imported else HAS, "url_stated" if imported else "url_requested")


def _source_code(capture: Capture, facts: Mapping[str, Any]) -> CompletenessItem:
    if capture.truncated is not None:
        return CompletenessItem("source_code", PARTLY, "source_cut", {"reason": capture.truncated})
    if _is_received_file(capture, facts):
        return CompletenessItem("source_code", HAS, "source_file")
    if capture.url.startswith("urn:"):
        return CompletenessItem("source_code", PARTLY, "source_derived")
    if facts["exchange"].get("fidelity") == Fidelity.BROWSER:
        return CompletenessItem("source_code", PARTLY, "source_by_browser")
    if capture.record_type in ("response", "revisit", "resource"):
        by_a_server = capture.record_type != "resource" and not _imported(facts)
        return CompletenessItem("source_code", HAS, "source_whole" if by_a_server else "source_file")
    return CompletenessItem("source_code", NO, "source_missing")


def _full_page(capture: Capture, facts: Mapping[str, Any]) -> CompletenessItem:
    made = {each["url"].split(":")[1] for each in facts["renderings"]}
    if RenderingKind.FULL_PAGE.value in made:
        return CompletenessItem("full_page", HAS, "page_whole")
    if RenderingKind.VIEW.value in made:
        return CompletenessItem("full_page", PARTLY, "page_view")
    if _is_file(capture):
        return CompletenessItem("full_page", HAS, "page_file")
    return CompletenessItem("full_page", NO, "page_missing")


def _embedded_media(
    archive: Archive, capture: Capture, facts: Mapping[str, Any], viewer: Viewer
) -> CompletenessItem:
    if capture.record_type == "metadata":
        return CompletenessItem("embedded_media", NO, "media_failed")
    named = [
        each
        for record in facts["records"]
        for each in media_of_record(archive, record, record["capture_id"], viewer=viewer)
    ]
    if named:
        fetched = sum(each["capture_id"] is not None for each in named)
        if fetched == len(named):
            return CompletenessItem("embedded_media", HAS, "media_all", {"count": len(named)})
        if fetched:
            counts = {"count": len(named), "fetched": fetched}
            return CompletenessItem("embedded_media", PARTLY, "media_some", counts)
        return CompletenessItem("embedded_media", NO, "media_none", {"count": len(named)})
    if _is_file(capture):
        return CompletenessItem("embedded_media", HAS, "media_file")
    if facts["renderings"]:
        return CompletenessItem("embedded_media", PARTLY, "media_browser")
    return CompletenessItem("embedded_media", NO, "media_unknown")


def _metadata(capture: Capture, facts: Mapping[str, Any]) -> CompletenessItem:
    if facts["exchange"].get("fidelity") == Fidelity.BROWSER:
        return CompletenessItem("metadata", PARTLY, "metadata_by_browser")
    if facts["exchange"]:
        return CompletenessItem("metadata", HAS, "metadata_exchange")
    if capture.record_type in ("response", "revisit", "resource"):
        return CompletenessItem("metadata", PARTLY, "metadata_head")
    return CompletenessItem("metadata", NO, "metadata_missing")


def _context(archive: Archive, capture: Capture, facts: Mapping[str, Any], viewer: Viewer) -> CompletenessItem:
    if _is_received_file(capture, facts):
        return CompletenessItem("context", HAS, "context_received")
    if any(_led_here(archive, capture, facts, viewer)):
        return CompletenessItem("context", HAS, "context_known")
    return CompletenessItem("context", PARTLY, "context_source", {"source": capture.source_id})


def _led_here(archive: Archive, capture: Capture, facts: Mapping[str, Any], viewer: Viewer) -> Iterator[object]:
    """What stands around the capture, the cheapest question first."""
    yield facts["before"]
    yield any(each["name"] == ASKED_BY and each["value"] is not None for each in facts["facts"])
    with archive.reader.connect() as connection:
        yield records_showing(connection, [capture], viewer=viewer)
        yield pages_linking_to(connection, capture, viewer=viewer)


def _collection_data(facts: Mapping[str, Any]) -> CompletenessItem:
    stated = facts["facts"]
    known = sum(each["value"] is not None for each in stated)
    if not stated:
        return CompletenessItem("collection_data", NO, "collection_missing")
    if known == len(stated):
        return CompletenessItem("collection_data", HAS, "collection_known", {"count": known})
    return CompletenessItem("collection_data", PARTLY, "collection_some", {"count": len(stated), "known": known})


def _hash(capture: Capture, facts: Mapping[str, Any]) -> CompletenessItem:
    if facts["holding"] is None:
        return CompletenessItem("hash", NO, "hash_missing")
    if _is_received_file(capture, facts):
        return CompletenessItem("hash", PARTLY, "hash_received")
    imported = _imported(facts)
    return CompletenessItem("hash", PARTLY if imported else HAS, "hash_imported" if imported else "hash_collected")


def _imported(facts: Mapping[str, Any]) -> bool:
    holding = facts["holding"]
    return holding is not None and holding["origin"] != CRAWL


def _is_received_file(capture: Capture, facts: Mapping[str, Any]) -> bool:
    """Whether a person brought these very bytes; what a WARC of theirs holds is an import like any other."""
    holding = facts["holding"]
    return is_received_file(capture.url, capture.id, None if holding is None else holding["origin"])


def _is_file(capture: Capture) -> bool:
    """Whether what was captured is no page: a picture, a document, a file of ours."""
    if capture.record_type == "metadata":
        return False
    return capture.url.startswith("urn:") or capture.media_type not in PAGE_TYPES
