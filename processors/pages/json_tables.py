"""Rows listed in JSON as tables: keys are headings, each object of a list is a row.

In: a `Page` holding JSON, or one object a line. Out: loaded data, lists of objects, `Table`s. Never raises.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from processors.markup.encoding import decode
from processors.pages.page import Page
from processors.tables.grid_rows import free_key
from processors.tables.table import Cell, Link, Table
from processors.urls import absolute

_Value = TypeVar("_Value")
_MOST_ROWS = 100_000
_DEEPEST = 8


def load_json(page: Page) -> Any:
    """The data; of JSON lines the list of their objects; None where it cannot be read."""
    text = decode(page.body, page.content_type).text.lstrip("\ufeff")
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        pass
    rows = []
    for line in text.splitlines()[:_MOST_ROWS]:
        if line.strip():
            try:
                rows.append(json.loads(line, object_pairs_hook=_object))
            except (ValueError, RecursionError):
                return None
    return rows or None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these pairs; of a key that comes again, each value under a name of its own."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else _without_loss(pairs)


def _without_loss(pairs: Iterable[tuple[str, _Value]]) -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    for key, value in pairs:
        found[free_key(found, key)] = value
    return found


def row_lists(data: Any, depth: int = 0) -> Iterator[list[Mapping[str, Any]]]:
    """Lists of objects, the outermost on each path."""
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        rows: list[Mapping[str, Any]] = [item for item in data[:_MOST_ROWS] if isinstance(item, dict)]
        if rows:
            yield rows
    elif isinstance(data, dict):
        for value in data.values():
            yield from row_lists(value, depth + 1)


def json_table(rows: list[Mapping[str, Any]], base: str) -> Table:
    """Keys as headings; objects inside a row become columns of their own, lists of texts lines of one cell."""
    flat = [_without_loss(_flat(row)) for row in rows]
    keys = tuple(dict.fromkeys(key for row in flat for key in row))[:60]
    heading = tuple(Cell(text=key, heading=True) for key in keys)
    return Table((heading, *(tuple(_cell(row.get(key, ""), base) for key in keys) for row in flat)))


def _flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, value in row.items():
        name = f"{prefix}{key}"
        if (
            isinstance(value, dict) and len(value) == 1
        ):  # a value in a box of its own: {"S": "..."}, {"name": "..."}
            value = next(iter(value.values()))
        if isinstance(value, dict) and depth < 3:
            yield from _flat(value, f"{name}.", depth + 1)
        elif isinstance(value, list):
            texts = [str(item) for item in value[:100] if isinstance(item, str | int | float)]
            if texts:
                yield name, "\n".join(texts)
        elif value is not None and not isinstance(value, dict):
            yield name, str(value).strip()


def _cell(text: str, base: str) -> Cell:
    link = absolute(base, text) if text.startswith(("http://", "https://")) else None
    return Cell(text=text, links=(Link(link, None),) if link else ())
