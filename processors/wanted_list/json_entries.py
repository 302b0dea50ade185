"""Entries of lists of wanted persons in JSON, as Interpol, the FBI and open-data portals publish them.

In: loaded JSON and the page's URL. Out: ``Entry``s with keys as labels; objects inside one are taken apart, lists
of texts are lines of one value, lists of objects a line for each. Data that no list holds may be one person. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from processors.markup.html_tree import parse, visible_text
from processors.pages.json_tables import row_lists
from processors.text import one_line
from processors.urls import absolute
from processors.wanted_list.entries import Entry, FieldOf

_NAMES: Final = frozenset(("name", "surname", "forename"))
_DEEPEST: Final = 4
_MOST_VALUES: Final = 300
_MOST_PHOTOS: Final = 10
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def json_entries(data: Any, base: str, field_of: FieldOf) -> tuple[Entry, ...]:
    """The entries of the first list whose objects are named and tell more than a name; else the data as one."""
    if isinstance(data, Mapping) and _is_person(data, field_of):
        return (_entry(data, base, field_of),)
    for rows in row_lists(data):
        persons = [row for row in rows if _is_person(row, field_of)]
        if len(persons) * 3 >= 2 * len(rows):
            return tuple(_entry(row, base, field_of) for row in persons)
    return ()


def next_of_json(data: Any, base: str) -> tuple[str, ...]:
    """The next page of the same list, where the data links to it (``_links.next``, ``next``)."""
    links = data.get("_links", data) if isinstance(data, Mapping) else {}
    following = links.get("next") if isinstance(links, Mapping) else None
    target = following.get("href") if isinstance(following, Mapping) else following
    url = absolute(base, target) if isinstance(target, str) and target else None
    return (url,) if url is not None and url != base else ()


def _is_person(row: Mapping[str, Any], field_of: FieldOf) -> bool:
    known = {field_of(str(key)) for key, value in row.items() if value not in (None, "", [])}
    return bool(known & _NAMES) and len(known - {None, "extra", "row"}) >= 2


def _entry(row: Mapping[str, Any], base: str, field_of: FieldOf) -> Entry:
    entry = Entry()
    photos: dict[str, None] = {}
    for label, value in _flat(row):
        meaning = field_of(label)
        target = absolute(base, value) if value.startswith(("http://", "https://", "/")) else None
        if target is not None and (meaning == "photo" or urlsplit(target).path.lower().endswith(_PICTURES)):
            photos.setdefault(target)
        elif target is not None and meaning == "url":
            entry.url = entry.url or target
        elif meaning != "photo":
            entry.facts.append((label, value))
    entry.photos = tuple(photos)[:_MOST_PHOTOS]
    return entry


def _flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, value in islice(row.items(), _MOST_VALUES):
        label = f"{prefix}{key}"
        if isinstance(value, Mapping) and len(value) == 1:
            value = next(iter(value.values()))  # a value in a box of its own: {"href": "..."}
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                yield from _flat(value, f"{label}.", depth + 1)
        elif isinstance(value, list):
            yield from _of_list(label, value, depth)
        elif (text := _text(value)) is not None:
            yield label, text


def _of_list(label: str, items: Sequence[Any], depth: int) -> Iterator[tuple[str, str]]:
    texts = [text for item in items[:_MOST_VALUES] if (text := _text(item)) is not None]
    if texts:
        yield label, "\n".join(texts)
    for item in items[:_MOST_VALUES]:
        if isinstance(item, Mapping) and depth < _DEEPEST:
            yield from _flat(item, f"{label}.", depth + 1)


def _text(value: Any) -> str | None:
    """A value as text; markup in it is read as a reader would."""
    if value is None or isinstance(value, bool | list | Mapping):
        return None
    text = str(value).strip()
    if "<" in text and ">" in text and (tree := parse(text)) is not None:
        text = "\n".join(line for each in visible_text(tree).split("\n") if (line := one_line(each)))
    return text or None
