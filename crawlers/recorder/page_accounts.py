"""Compares what a browser requested with what the recorder kept: each resource of a page with its outcome.

In: everything that a crawl keeps, in order. Out: the same to the next sink, but ``pageinfo`` renderings (as
`crawlers.browser.page_info` makes them) completed: ``urls`` as browsertrix-crawler writes them, ``resources`` with
the outcome of each, ``unlisted`` for what the recorder kept and the browser's log does not list (CORS preflights,
beacons at the end, requests of shared workers), and counts. A resource is a method with an address.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from crawlers.model.capture import Captured, Note, NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import Exchange, Message
from crawlers.model.protocols import CaptureSink

MOST_PAGES: Final = 16
"""Of how many pages, the last ones, this is remembered; a browser shows one at a time."""

MOST_RESOURCES: Final = 20_000
MOST_UNLISTED: Final = 1_000
METHOD_BYTES: Final = 40

Key = tuple[str, str]


class ResourceOutcome(StrEnum):
    """What became of a resource that a browser requested for a page."""

    RECORDED = "recorded"
    """A response is whole; the reason counts those that were cut, as browsers do with parts of media."""
    CUT = "cut"
    """The recorder kept the beginning of the response."""
    NO_RESPONSE = "no_response"
    """The recorder passed the request on or refused it, and no response came."""
    FAILED = "failed"
    """The request failed in the browser (forbidden, taken back), and the recorder has nothing of it."""
    UNFINISHED = "unfinished"
    """The response had not come to its end when the page was left."""
    UNRECORDED = "unrecorded"
    """The browser has a response, and the recorder has none."""
    INSIDE = "inside"
    """The response came from the browser itself; it is no resource of a server, and not counted."""


@dataclass(slots=True)
class _Kept:
    """What the recorder has of one resource of one page."""

    status: int | None = None
    whole: int = 0
    cuts: int = 0
    cut: str | None = None
    no_response: str | None = None


@dataclass(slots=True)
class _Account:
    resources: dict[Key, _Kept] = field(default_factory=dict)

    def of(self, key: Key) -> _Kept | None:
        """The entry to write into; None where there are too many."""
        if key not in self.resources and len(self.resources) >= MOST_RESOURCES:
            return None
        return self.resources.setdefault(key, _Kept())


class PageAccounts:
    """A `CaptureSink` before another. Called from one thread at a time, as that is."""

    def __init__(self, sink: CaptureSink) -> None:
        self._sink = sink
        self._pages: OrderedDict[str, _Account] = OrderedDict()

    def keep(self, item: Captured) -> None:
        """Keep the item; raises what the sink raises."""
        if isinstance(item, Rendering):
            if item.kind is RenderingKind.PAGEINFO:
                item = replace(item, content=self._completed(item))
        elif item.page_id is not None:
            self._account(item, item.page_id)
        self._sink.keep(item)

    def _account(self, item: Exchange | Note, page_id: str) -> None:
        if isinstance(item, Note) and item.kind is not NoteKind.NO_RESPONSE:
            return
        account = self._pages.setdefault(page_id, _Account())
        self._pages.move_to_end(page_id)
        if len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
        request = item.request if isinstance(item, Note) else _beginning(item.request)
        entry = account.of((_method(request), _address(item.url)))
        if entry is None:
            return
        if isinstance(item, Note):
            entry.no_response = item.reason
            return
        entry.status = item.status
        if item.truncated is None:
            entry.whole += 1
        else:
            entry.cuts += 1
            entry.cut = item.truncated.value

    def _completed(self, item: Rendering) -> bytes:
        account = self._pages.get(item.page_id or "") or _Account()
        try:
            row = json.loads(item.content)
            counts = dict(row["counts"])
            resources = list(_resources(row.pop("requests"), account))
        except (ValueError, KeyError, TypeError, AttributeError):
            return item.content  # nothing that the browser's part of a crawl writes; it is kept as it came
        listed = {(each["method"], _address(each["url"])) for each in resources}
        unlisted = [
            {"method": method, "url": url, "status": kept.status}
            for (method, url), kept in account.resources.items()
            if (method, url) not in listed
        ]
        counted = [each for each in resources if each["outcome"] != ResourceOutcome.INSIDE]
        recorded = sum(each["outcome"] == ResourceOutcome.RECORDED for each in counted)
        row["counts"] = counts | {"resources": len(counted), "recorded": recorded, "unlisted": len(unlisted)}
        row["urls"] = {each["url"]: _as_browsertrix(each) for each in resources}
        row["resources"] = resources
        row["unlisted"] = unlisted[:MOST_UNLISTED]
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")


def _resources(requests: Iterable[Mapping[str, Any]], account: _Account) -> Iterator[dict[str, Any]]:
    """Each method and address once, with the last of its requests and how many there were."""
    grouped: dict[Key, list[Mapping[str, Any]]] = {}
    for request in requests:
        grouped.setdefault((request["method"], request["url"]), []).append(request)
    for (method, url), made in grouped.items():
        last = next((each for each in reversed(made) if each["status"] is not None), made[-1])
        kept = account.resources.get((method, _address(url)))
        outcome, reason = _outcome(last, kept)
        yield {
            "method": method,
            "url": url,
            "type": last["type"],
            "status": kept.status if last["status"] is None and kept is not None else last["status"],
            "mime": last["mime"],
            "times": len(made),
            "byServiceWorker": all(each.get("by_service_worker", False) for each in made),
            "outcome": outcome.value,
            "reason": reason,
            "error": last["error"],
        }


def _outcome(request: Mapping[str, Any], kept: _Kept | None) -> tuple[ResourceOutcome, str | None]:
    if kept is not None and kept.whole:
        some_cut = f"{kept.cuts} of its {kept.whole + kept.cuts} responses were cut: {kept.cut}"
        return ResourceOutcome.RECORDED, some_cut if kept.cuts else None
    if kept is not None and kept.cut is not None:
        return ResourceOutcome.CUT, f"the response was cut: {kept.cut}"
    if kept is not None:
        return ResourceOutcome.NO_RESPONSE, kept.no_response
    if request["inside"] is not None:
        return ResourceOutcome.INSIDE, request["inside"]
    if request["error"] is not None:
        return ResourceOutcome.FAILED, f"the request failed in the browser: {request['error']}"
    if request["status"] is not None and request["finished"]:
        return ResourceOutcome.UNRECORDED, "the browser has a response that the recorder did not see"
    return ResourceOutcome.UNFINISHED, "the response had not come to its end when the page was left"


def _as_browsertrix(resource: Mapping[str, Any]) -> dict[str, Any]:
    row = {"status": resource["status"] or 0, "mime": resource["mime"], "type": resource["type"]}
    error = resource["error"] or resource["reason"]
    return {name: value for name, value in (row | {"error": error}).items() if value is not None}


def _address(url: str) -> str:
    """The address under which the recorder knows it: a WebSocket begins as a request over HTTP."""
    url = url.partition("#")[0]
    scheme, colon, rest = url.partition(":")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme) + colon + rest


def _beginning(message: Message) -> bytes:
    if isinstance(message.block, bytes):
        return message.block[:METHOD_BYTES]
    return next(iter(message.block.chunks()), b"")[:METHOD_BYTES]


def _method(request: bytes | None) -> str:
    """The method of a request; GET where none was sent."""
    return (request or b"GET ")[:METHOD_BYTES].partition(b" ")[0].decode("latin-1")
