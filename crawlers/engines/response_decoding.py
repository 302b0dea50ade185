"""What an answer from the wire says once it is decoded, and what is wrong with it in words."""

from datetime import UTC, datetime

from crawlers.engines.scrapy_settings import READ_BYTES
from crawlers.http_client import FetchedResponse
from processors.http.head import head_value
from processors.http.message import ResponseMessage, UndecodableEntity, entity
from processors.pages.page import Page

CUT = "cut short: "
TOO_LONG = f"more than {READ_BYTES} bytes: kept, not read"


def read_body(answer: FetchedResponse, *, wanted: bool) -> tuple[bytes, list[str]]:
    """The entity as far as it can be read, and sentences on what is wrong with it."""
    flags = [] if answer.cut is None else [CUT + answer.cut]
    if not wanted:
        return b"", flags
    if answer.body is None:
        return b"", [*flags, TOO_LONG]
    message = ResponseMessage(answer.status, answer.reason, answer.headers, answer.body, 0)
    try:
        return entity(message, READ_BYTES), flags
    except UndecodableEntity as error:
        return error.partial, [*flags, f"the content cannot be decoded: {error.reason}"]


def page_of(url: str, answer: FetchedResponse) -> tuple[Page, list[str]]:
    """The answer as a page, and sentences on what is wrong with it."""
    body, faults = read_body(answer, wanted=True)
    content_type = head_value(answer.headers, "content-type")
    return Page(url, body, datetime.now(UTC), answer.status, content_type), faults
