"""Where a captured redirect leads (RFC 9110, sections 10.2.2 and 15.4)."""

from typing import Final

from processors.http.message import header, parse_response
from processors.urls import resolve_location
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.deposit.record_reader import read_record

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def redirect_target(archive: Archive, capture: Capture) -> str | None:
    """The address that the response names; None of what is no redirect, or names none that can be read."""
    if capture.record_type != "response" or capture.status not in REDIRECTS:
        return None
    location = header(parse_response(read_record(archive, capture).block), "Location")
    return None if location is None else resolve_location(capture.url, location.encode("latin-1"))
