"""Recognises what a line of a list of sources means, and makes an entry of the watch-list of it.

In: the lines of a CSV file as people keep them: an address or a channel's name in any column, a name beside it,
and where they know, ``kind`` and ``id`` under those headings. Out: `NewSource`, `Repeated`, `Unclear` or `LeftOut`
per line that is not empty, with its number: no line goes without a word. Pure: nothing is fetched; where an
address does not say what it is, the line says so.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from crawlers.watchlist.schema import entry_models, sentence
from crawlers.watchlist.telegram_handle import handle_in, handle_or_name
from processors.kinds import KINDS
from processors.surt import surt_key
from processors.telegram.post_address import TELEGRAM_HOSTS
from processors.urls import host_of

ADDRESS: Final = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[^\W\d_]{2,24}(?::\d+)?(?:[/?]\S*)?")
SEPARATOR_LINE: Final = re.compile(r"\"?sep=([;,|\t])\"?", re.IGNORECASE)
"""What spreadsheet programs write before a list, and read."""
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:\S")
FEED: Final = re.compile(r"(?:rss|atom|feed)(?:[/._?=-]|$)|\.rdf$|type=rss", re.IGNORECASE)
SITEMAP: Final = re.compile(r"sitemap[^/]*\.(?:xml|txt)(?:\.gz)?$|/sitemap[-_./]?\w*$", re.IGNORECASE)
DOCUMENT: Final = re.compile(r"\.(?:pdf|xlsx?|docx?|rtf|ods|odt|csv)$", re.IGNORECASE)
NOT_A_NAME: Final = re.compile(r"[^a-z0-9]+")
LETTERS: Final = str.maketrans("абвгґдеёєжзиіїйклмнопрстуўфхцчшщыэюя", "abvggdeeezziiijklmnoprstuufhccssyeua")
"""One Latin letter for each: an id is short and need not be read back."""

ID_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class NewSource:
    """A line that is a source the watch-list lacks. ``entry`` has the watch-list's fields, id and kind first."""

    line: int
    entry: Mapping[str, Any]
    because: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """A line that names what is there already, as the source ``source_id`` (of the list, or of a line before)."""

    line: int
    text: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """A line of which no source can be made, and why."""

    line: int
    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is not meant as a source: the heading, or a comment."""

    line: int
    text: str
    reason: str


Line = NewSource | Repeated | Unclear | LeftOut


def read_lines(text: str, known: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Every line that is not empty, in order; ``known`` are the entries that the watch-list has."""
    places = {place: str(entry["id"]) for entry in known for place in places_of(entry)}
    ids = {str(entry["id"]) for entry in known}
    headings: list[str] | None = None
    for number, last, cells in _rows(text):
        if swallowed := [*_places_within(cells)]:
            problem = f"quotation marks make one of lines {number} to {last}; it holds {', '.join(swallowed)}"
            yield Unclear(number, _shown(cells), problem)
            continue
        if number == 1 and SEPARATOR_LINE.fullmatch(cells[0]) and len(cells) == 1:
            yield LeftOut(number, cells[0], "it says which mark separates the columns")
            continue
        if cells[0].startswith("#"):
            yield LeftOut(number, _shown(cells), "it begins with # and so is a comment")
            continue
        if headings is None:  # the first line alone: a later one without an address is a mistake
            headings = [cell.lower() for cell in cells] if _is_heading(cells) else []
            if headings:
                yield LeftOut(
                    number, _shown(cells), "it is the first line and holds no address, so it is the heading"
                )
                continue
        stated = dict(zip(headings, cells, strict=False)) if headings else {}
        line = _line(number, cells, stated, places, ids)
        if isinstance(line, NewSource):
            ids.add(str(line.entry["id"]))
            places |= {place: str(line.entry["id"]) for place in places_of(line.entry)}
        yield line


def places_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """What an entry collects, in a form in which equal things are equal: its channel, or its addresses."""
    if entry.get("channel"):
        yield f"@{handle_or_name(str(entry['channel'])) or entry['channel']}".lower()
    for name in ("feeds", "sitemaps", "start_pages", "pages"):
        urls = entry.get(name)
        if isinstance(urls, list | tuple):  # an entry of the file may hold mistakes
            yield from (surt_key(str(url)) for url in urls)


def _rows(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Each row with its first and its last line; quotation marks may hold a row together over several."""
    first_line, _, rest = text.partition("\n")
    declared = SEPARATOR_LINE.fullmatch(first_line.strip("\r "))
    if declared is not None:
        yield 1, 1, [first_line.strip("\r ")]
    sample = text[:20_000] if declared is None else rest[:20_000]
    delimiter = (
        declared[1] if declared is not None else max(",;\t", key=lambda each: (sample.count(each), each == ","))
    )
    body, above = (text, 0) if declared is None else (rest, 1)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    before = above
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield before + 1, reader.line_num + above, stripped
        before = reader.line_num + above


def _places_within(cells: Sequence[str]) -> Iterator[str]:
    """Addresses and channels inside a cell of several lines: a mark that is not closed leaves such a cell."""
    for cell in cells:
        for word in re.split(r"[\s,;]+", cell) if "\n" in cell else ():
            bare = word.strip("\"'()<>")
            if handle_in(bare) or ("://" in bare and ADDRESS.fullmatch(bare)):
                yield bare


def _shown(cells: Sequence[str]) -> str:
    return ", ".join(" ".join(cell.split()) for cell in cells if cell)


def _is_heading(cells: Collection[str]) -> bool:
    return not any(handle_in(cell) or ADDRESS.fullmatch(cell) or SCHEME.match(cell) for cell in cells)


def _line(
    number: int, cells: Sequence[str], stated: Mapping[str, str], places: Mapping[str, str], ids: Collection[str]
) -> Line:
    text = _shown(cells)
    channels = [handle for cell in cells if (handle := handle_in(cell))]
    addresses = [_whole(cell) for cell in cells if _is_address(cell)]
    written = [
        address for address, cell in zip(addresses, filter(_is_address, cells), strict=True) if "://" in cell
    ]
    addresses = written or addresses  # a name that is a host's beside the address in full
    other = next((cell for cell in cells if SCHEME.match(cell)), None)
    if not channels and not addresses and other is not None:
        problem = f"expected a channel, or an http or https address of a public host, found {other}"
        return Unclear(number, text, problem)
    if len(channels) + len(addresses) != 1:
        several = ", ".join((*channels, *addresses)) or "none"
        return Unclear(number, text, f"expected one channel or web address, found {several}")
    if addresses and host_of(addresses[0]) in TELEGRAM_HOSTS:
        return Unclear(number, text, "not a public channel: only t.me/NAME has a preview that can be read")
    fields, because = _of_channel(channels[0]) if channels else _of_address(addresses[0])
    stated_kind = stated.get("kind", "").lower().replace("-", "_")
    if stated_kind and stated_kind != fields["kind"]:
        if stated_kind not in entry_models():
            return Unclear(number, text, f"unknown kind {stated_kind!r}; known kinds: {', '.join(entry_models())}")
        if channels or stated_kind == "telegram":
            return Unclear(number, text, f"kind {stated_kind} does not go with {(*channels, *addresses)[0]}")
        name = "start_pages" if stated_kind == "news" else "pages"
        fields, because = {"kind": stated_kind, name: [addresses[0]]}, "the line says so"
    for place in places_of(fields):
        if place in places:
            return Repeated(number, text, places[place])
    wanted = stated.get("id") or _name(channels[0] if channels else addresses[0])
    entry = {"id": wanted if stated.get("id") else _free(wanted, ids), **fields}
    if wanted in ids and stated.get("id"):
        return Unclear(number, text, f"the id {wanted!r} is taken")
    try:
        entry_models()[str(fields["kind"])].model_validate(entry)
    except ValidationError as error:
        model = entry_models()[str(fields["kind"])]
        return Unclear(number, text, "; ".join(sentence(each, model) for each in error.errors(include_url=False)))
    return NewSource(number, entry, because)


def _is_address(cell: str) -> bool:
    return ADDRESS.fullmatch(cell) is not None and handle_in(cell) is None


def _of_channel(channel: str) -> tuple[dict[str, Any], str]:
    return {"kind": "telegram", "channel": channel}, "a Telegram channel"


def _of_address(url: str) -> tuple[dict[str, Any], str]:
    parts = urlsplit(url)
    place = parts.path + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname or ""
    if SITEMAP.search(parts.path):
        return {"kind": "news", "sitemaps": [url]}, "a sitemap, by its address"
    if FEED.search(place) or host.startswith(("rss.", "feeds.")):
        return {"kind": "news", "feeds": [url]}, "a feed, by its address"
    for kind in KINDS.values():
        if kind.likely_address is not None and kind.likely_address.search(host + place):
            return {"kind": kind.name, "pages": [url]}, f"{kind.likely_because}, by its address"
    if DOCUMENT.search(parts.path):
        return {"kind": "court_list", "pages": [url]}, "a court's list, by its address"
    if parts.path in ("", "/") and not parts.query:
        return {"kind": "news", "start_pages": [url]}, "a site, from its front page"
    return {"kind": "page", "pages": [url]}, "a single page: its address does not say more"


def _whole(address: str) -> str:
    """With a scheme; a name alone is asked for over TLS."""
    whole = address if "://" in address else f"https://{address}"
    return whole if urlsplit(whole).path or urlsplit(whole).query else f"{whole}/"


def _name(place: str) -> str:
    """A source's id from a channel's name or an address."""
    if "://" not in place:
        return f"tg-{_slug(place)}"
    path = urlsplit(place).path.strip("/")
    last = re.sub(r"\.\w{2,4}$", "", path.rpartition("/")[2])
    host = host_of(place).removeprefix("www.")
    name = _slug(host.rpartition(".")[0] or host)
    tail = _slug(last)
    return f"{name}-{tail}"[:ID_LENGTH].rstrip("-") if tail and tail not in ("rss", "feed", "sitemap") else name


def _slug(text: str) -> str:
    return NOT_A_NAME.sub("-", text.lower().translate(LETTERS)).strip("-")[:ID_LENGTH].rstrip("-")


def _free(wanted: str, ids: Collection[str]) -> str:
    """The id, or with the first number that makes it new."""
    base = wanted or "source"
    if base not in ids:
        return base
    number = next(n for n in range(2, len(ids) + 3) if f"{base[: ID_LENGTH - 6]}-{n}" not in ids)
    return f"{base[: ID_LENGTH - 6]}-{number}"
